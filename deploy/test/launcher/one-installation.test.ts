import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startFakeProvider, type FakeProvider } from "../../clients/provider/fake-provider.ts";
import { runSeed, type SeedResult } from "../../seed/run-seed.ts";
import { lakeSummary } from "../support/lake-summary.ts";
import { launched, type LaunchedStack } from "../support/launched-stack.ts";
import { ONE_CALL_NANO_USD, sendOneCall } from "../support/one-call.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";

/** The first start may have to build the console, on a machine that does other things too. */
const TIMEOUT_MS = 300_000;

const controlToken = randomBytes(16).toString("hex");
let folder: TemporaryFolder;
let slack: Server;
/** What is tested here needs the whole product, and a project of its own in it: starting it is most of what that costs. */
let stack: LaunchedStack;

interface Posting {
  readonly text: string;
  readonly arrivedAtMs: number;
}
const postings: Posting[] = [];

beforeAll(async () => {
  folder = temporaryFolder();
  slack = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      const text = new URLSearchParams(body).get("text") ?? "";
      postings.push({ text, arrivedAtMs: Date.now() });
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ ok: true, ts: `${postings.length}.000100` }));
    });
  });
  await new Promise<void>((resolve) => slack.listen(0, "127.0.0.1", resolve));
  const { port } = slack.address() as AddressInfo;
  stack = await launched(join(folder.path, "data"), {
    LENSAI_SLACK_API_URL: `http://127.0.0.1:${port}/api/`,
    LENSAI_CONTROL_TOKEN: controlToken,
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await stack.stop();
  await new Promise((resolve) => slack.close(resolve));
  folder.remove();
});

interface Asked {
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

async function ask(method: string, path: string, { body, headers }: Asked = {}): Promise<Response> {
  const answer = await fetch(`${stack.consoleUrl}/api/v1${path}`, {
    method,
    headers: { "content-type": "application/json", ...headers },
    ...(body && { body: JSON.stringify(body) }),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

const post = async <T>(path: string, body: object): Promise<T> =>
  (await ask("POST", path, { body })).json() as Promise<T>;

const told = (words: string): Promise<Posting> =>
  waitFor(`a message that says "${words}"`, () =>
    postings.find(({ text }) => text.includes(words)),
  );

describe("an alert", () => {
  /** From the span that crosses a threshold to the message in Slack. */
  const LATENCY_BAR_MS = 10_000;

  it(`tells Slack of a crossed threshold within ${LATENCY_BAR_MS / 1000} s of the span that crosses it`, async () => {
    await post("/projects/default/alert-channels", {
      type: "slack",
      name: "on call",
      kinds: ["budget.threshold", "budget.exceeded"],
      minimumSeverity: "info",
      slackChannel: "C024BE91L",
      botToken: "xoxb-0000000000-secret",
    });
    await post("/projects/default/budgets", {
      name: "Everything",
      limitNanoUsd: String(2n * ONE_CALL_NANO_USD),
      thresholdsPercent: [50],
      period: { kind: "total", startsAt: "2026-01-01T00:00:00Z" },
    });

    const latencies: number[] = [];
    for (const words of ["50 % is spent", "all of it is spent"]) {
      const sentAtMs = Date.now();
      expect(await sendOneCall(stack.otlpHttpUrl)).toBe(200);
      latencies.push((await told(words)).arrivedAtMs - sentAtMs);
    }
    console.log(`from the span to Slack: ${latencies.map((ms) => `${ms} ms`).join(", ")}`);
    expect(Math.max(...latencies)).toBeLessThan(LATENCY_BAR_MS);
    expect(postings).toHaveLength(2);
  });
});

const seed = (signal?: AbortSignal): Promise<SeedResult> =>
  runSeed({
    options: { seed: "keys", days: 2, spansPerDay: 40, projects: 1 },
    installation: { ...stack, controlToken },
    untilMs: Date.now(),
    startProgress: () => ({ update: () => undefined, end: () => undefined }),
    ...(signal !== undefined && { signal }),
  });

describe("the seed", () => {
  const PROJECT = "storefront";

  async function keysOfProject(): Promise<{ revokedAt: string | null }[]> {
    const answer = await fetch(`${stack.consoleUrl}/internal/keys?projectId=${PROJECT}`, {
      headers: { authorization: `Bearer ${controlToken}` },
    });
    return ((await answer.json()) as { keys: { revokedAt: string | null }[] }).keys;
  }

  it("sends its traffic with a key that is revoked when all is sent", async () => {
    const { byProject } = await seed();
    const [tally] = byProject.values();
    expect(await keysOfProject()).toEqual([
      expect.objectContaining({ revokedAt: expect.any(String) as string }),
    ]);
    await waitFor("the seeded calls in the lake", async () => {
      const { calls } = await lakeSummary(join(folder.path, "data"), PROJECT);
      return calls === tally?.calls ? true : undefined;
    });
  });

  it("revokes its keys when it is interrupted, too", async () => {
    await expect(seed(AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
    const keys = await keysOfProject();
    expect(keys).toHaveLength(2);
    expect(keys.every(({ revokedAt }) => revokedAt !== null)).toBe(true);
  });
});

const read = async <T>(path: string): Promise<T> =>
  (await ask("GET", `/projects/signed${path}`)).json() as Promise<T>;

/** From now on the collector takes nothing of the project that is not signed. */
async function requireSignatures(): Promise<void> {
  const etag = (await ask("GET", "/projects/signed")).headers.get("etag") ?? "";
  const change = { body: { requireSignature: true }, headers: { "if-match": etag } };
  await ask("PATCH", "/projects/signed", change);
}

describe("a process that has a signing secret and no key", () => {
  const REGISTER = join(import.meta.dirname, "../../../instrumentation/src/register.ts");
  const APP = join(import.meta.dirname, "../instrumentation/signed-app.mjs");

  let provider: FakeProvider;
  let app: ChildProcess | undefined;
  beforeAll(async () => {
    provider = await startFakeProvider();
    await post("/organizations/default/projects", { id: "signed", name: "Signed" });
  });
  afterAll(async () => {
    app?.kill("SIGKILL");
    await provider.stop();
  });

  async function startApp(signing: Record<string, string>): Promise<unknown> {
    app = spawn(process.execPath, ["--no-warnings", "--import", REGISTER, APP], {
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
    const lines = createInterface({ input: app.stdout as never });
    const [line] = (await once(lines, "line")) as [string];
    return JSON.parse(line);
  }

  it("is lent, stopped, told and billed", async () => {
    await requireSignatures();
    const secretPath = "/projects/signed/signing-secrets";
    const { keyId, secret } = await post<{ keyId: string; secret: string }>(secretPath, {});
    const { id } = await post<{ id: string }>("/projects/signed/budgets", {
      name: "all",
      limitNanoUsd: "1000000000",
      period: { kind: "total" },
      mode: "enforce",
    });

    const signing = { LENSAI_SIGNING_KEY_ID: keyId, LENSAI_SIGNING_SECRET: secret };
    expect(await startApp(signing)).toEqual([200, 402]);
    expect(provider.calls()).toHaveLength(1);
    const { liveLeases } = await read<{ liveLeases: number }>(`/budgets/${id}/figures`);
    expect(liveLeases).toBe(1);

    const { id: drillId } = await post<{ id: string }>("/projects/signed/drills", {});
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
  });
});
