import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFakeProvider } from "../../clients/provider/fake-provider.ts";
import type { FakeProvider } from "../../clients/provider/fake-provider.ts";
import { launched } from "../support/launched-stack.ts";
import type { LaunchedStack } from "../support/launched-stack.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import type { TemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";

/** The first start may have to build the console, on a machine that does other things too. */
const TIMEOUT_MS = 300_000;

const fileAt = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

let folder: TemporaryFolder;
let stack: LaunchedStack;
let provider: FakeProvider;
let app: ChildProcess | undefined;

beforeAll(async () => {
  folder = temporaryFolder();
  [stack, provider] = await Promise.all([launched(join(folder.path, "data")), startFakeProvider()]);
}, TIMEOUT_MS);
afterAll(async () => {
  app?.kill("SIGKILL");
  await Promise.all([stack.stop(), provider.stop()]);
  folder.remove();
});

interface Asked {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(method: string, path = "", { body, headers }: Asked = {}): Promise<Response> {
  const answer = await fetch(`${stack.consoleUrl}/api/v1/projects/default${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

const read = async <T>(path: string): Promise<T> => (await ask("GET", path)).json() as Promise<T>;

/** From now on the collector takes nothing that is not signed. */
async function requireSignatures(): Promise<void> {
  const etag = (await ask("GET")).headers.get("etag") ?? "";
  await ask("PATCH", "", { body: { requireSignature: true }, headers: { "if-match": etag } });
}

async function startApp(signing: Record<string, string>): Promise<unknown> {
  const register = fileAt("../../../instrumentation/src/register.ts");
  app = spawn(process.execPath, ["--no-warnings", "--import", register, fileAt("signed-app.mjs")], {
    env: {
      PATH: process.env["PATH"],
      NODE_COMPILE_CACHE: process.env["NODE_COMPILE_CACHE"],
      PROVIDER_URL: provider.url,
      OTEL_SERVICE_NAME: "signed",
      OTEL_EXPORTER_OTLP_ENDPOINT: stack.otlpHttpUrl,
      ...signing,
    },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const [line] = (await once(createInterface({ input: app.stdout as never }), "line")) as [string];
  return JSON.parse(line);
}

test(
  "a process that has a signing secret and no key is lent, stopped, told and billed",
  async () => {
    await requireSignatures();
    const made = await ask("POST", "/signing-secrets", { body: {} });
    const { keyId, secret } = (await made.json()) as { keyId: string; secret: string };
    const budget = {
      name: "all",
      limitNanoUsd: "1000000000",
      period: { kind: "total" },
      mode: "enforce",
    };
    const { id } = (await (await ask("POST", "/budgets", { body: budget })).json()) as {
      id: string;
    };

    const signing = { LENSAI_SIGNING_KEY_ID: keyId, LENSAI_SIGNING_SECRET: secret };
    expect(await startApp(signing)).toEqual([200, 402]);
    expect(provider.calls()).toHaveLength(1);
    const { liveLeases } = await read<{ liveLeases: number }>(`/budgets/${id}/figures`);
    expect(liveLeases).toBe(1);

    const drill = await ask("POST", "/drills", { body: {} });
    const { id: drillId } = (await drill.json()) as { id: string };
    await waitFor("the receipt of the drill", async () => {
      const { announcements } = await read<{
        announcements: readonly { subjectId: string; known: number }[];
      }>("/processes");
      return announcements.find(({ subjectId, known }) => subjectId === drillId && known === 1);
    });

    app?.stdin?.end();
    const calls = await waitFor("both calls", async () => {
      const { items } = await read<{
        items: readonly { isBilled: boolean; costNanoUsd: string }[];
      }>("/calls");
      return items.length === 2 ? items : undefined;
    });
    const costs = calls.map(({ costNanoUsd }) => BigInt(costNanoUsd ?? 0));
    expect(costs.reduce((sum, cost) => sum + cost, 0n)).toBeGreaterThan(0n);
    expect(calls.filter(({ isBilled }) => isBilled)).toHaveLength(1);
  },
  TIMEOUT_MS,
);
