import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lakeSummary } from "../support/lake-summary.ts";
import { launch, launched, processesOf, type LaunchedStack } from "../support/launched-stack.ts";
import { ONE_CALL_NANO_USD, sendOneCall } from "../support/one-call.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";

/** The first test may have to build the console. */
const BUILD_TIMEOUT_MS = 300_000;
const TIMEOUT_MS = 60_000;

let folder: TemporaryFolder;
let stacks: LaunchedStack[];

beforeEach(() => {
  folder = temporaryFolder();
  stacks = [];
});
afterEach(async () => {
  for (const stack of stacks) await stack.stop();
  folder.remove();
});

const start = async (...args: Parameters<typeof launched>): Promise<LaunchedStack> => {
  const stack = await launched(...args);
  stacks.push(stack);
  return stack;
};

const callsIn = async (dataDir: string, projectId = "default"): Promise<number | undefined> =>
  existsSync(join(dataDir, "lake"))
    ? (await lakeSummary(dataDir, projectId)).calls || undefined
    : undefined;

const isGone = (dataDir: string) => (): true | undefined =>
  processesOf(dataDir).length === 0 ? true : undefined;

describe("the launcher", { timeout: TIMEOUT_MS }, () => {
  it(
    "keeps data, key and token over a restart, and leaves no process behind",
    { timeout: BUILD_TIMEOUT_MS },
    async () => {
      const dataDir = join(folder.path, "data");
      const first = await start(dataDir);
      expect(await sendOneCall(first.otlpHttpUrl)).toBe(200);
      expect(await sendOneCall(first.otlpHttpUrl, { "x-api-key": first.apiKey })).toBe(200);
      expect(await sendOneCall(first.otlpHttpUrl, { "x-api-key": "wrong" })).toBe(401);
      await waitFor("both calls in the lake", async () =>
        (await callsIn(dataDir)) === 2 ? true : undefined,
      );
      expect(await first.stop("SIGINT")).toBe(0);
      expect(processesOf(dataDir)).toEqual([]);

      const second = await start(dataDir);
      expect(second.apiKey).toBe(first.apiKey);
      expect((await lakeSummary(dataDir, "default")).costNanoUsd).toBe(2n * ONE_CALL_NANO_USD);
      const page = await fetch(`${second.consoleUrl}/projects/default`);
      expect(page.status).toBe(200);
      expect(await second.stop("SIGTERM")).toBe(0);
      expect(processesOf(dataDir)).toEqual([]);
    },
  );

  it("keeps what was acknowledged just before it was stopped", async () => {
    const dataDir = join(folder.path, "data");
    const stack = await start(dataDir, { LENSAI_LANDING_INTERVAL_MS: "60000" });
    expect(await sendOneCall(stack.otlpHttpUrl)).toBe(200);
    await stack.stop();
    const again = await start(dataDir);
    await waitFor("the call in the lake", () => callsIn(dataDir));
    expect((await lakeSummary(dataDir, "default")).calls).toBe(1);
    await again.stop();
  });

  it("keeps generated secrets where only their owner can read them", async () => {
    const dataDir = join(folder.path, "data");
    const stack = await start(dataDir);
    for (const name of ["bootstrap-key", "control-token", "postgres-password"]) {
      expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
    }
    const secrets = ["control-token", "postgres-password"].map((name) =>
      readFileSync(join(dataDir, name), "utf8").trim(),
    );
    for (const secret of secrets) expect(stack.output()).not.toContain(secret);
  });

  it("refuses a second start on the same data folder, and two folders run side by side", async () => {
    const one = await start(join(folder.path, "one"));
    const refused = await launch(join(folder.path, "one"));
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.output).toContain(`is in use by a running LensAI (process ${one.pid})`);
    const two = await start(join(folder.path, "two"));
    expect(await sendOneCall(one.otlpHttpUrl)).toBe(200);
    expect(await sendOneCall(two.otlpHttpUrl)).toBe(200);
  });

  it("stops everything, says why and exits with 1 when a part of it dies", async () => {
    const dataDir = join(folder.path, "data");
    const stack = await start(dataDir);
    const collector = processesOf(dataDir).find((line) => line.includes("collector/src/main.ts"));
    process.kill(Number(collector?.split(" ")[0]), "SIGKILL");
    expect(await stack.exited).toBe(1);
    expect(stack.output()).toContain("the collector ended unexpectedly (signal SIGKILL)");
    expect(processesOf(dataDir)).toEqual([]);
  });

  it("leaves no process behind when it is killed, and starts again at once", async () => {
    const dataDir = join(folder.path, "data");
    const killed = await start(dataDir);
    await killed.stop("SIGKILL");
    const again = await start(dataDir);
    expect(await sendOneCall(again.otlpHttpUrl)).toBe(200);
    await again.stop();
    await waitFor("all processes to be gone", isGone(dataDir));
  });

  it("lists a taken port, an unwritable folder and wrong settings in one message", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const failed = await launch(join("/proc", "lensai"), {
      LENSAI_OTLP_HTTP_PORT: String(port),
      LENSAI_LANDING_INTERVAL_MS: "soon",
      LENSAI_CONSOL_PORT: "3000",
      DATABASE_URL: "mysql://user:hidden@host/db",
    });
    server.close();
    expect(failed).toMatchObject({ exitCode: 1 });
    expect(failed.output).toContain("LENSAI_DATA_DIR: /proc/lensai cannot be written");
    expect(failed.output).toContain(`LENSAI_OTLP_HTTP_PORT: port ${port} on 127.0.0.1 is taken`);
    expect(failed.output).toContain('LENSAI_LANDING_INTERVAL_MS: "soon"');
    expect(failed.output).toContain(
      "LENSAI_CONSOL_PORT: no such setting; did you mean LENSAI_CONSOLE_PORT?",
    );
    expect(failed.output).toContain("DATABASE_URL: the value does not start with postgres://");
    expect(failed.output).not.toContain("hidden");
    expect(failed.output).not.toMatch(/^\s+at /m);
  });

  it.runIf(process.getuid?.() === 0)(
    "as root, keeps the database outside of a folder that only root may enter",
    async () => {
      const home = join(folder.path, "home");
      mkdirSync(home, { mode: 0o700 });
      const dataDir = join(home, "data");
      const place = join(
        "/var/lib/lensai",
        createHash("sha256").update(dataDir).digest("hex").slice(0, 12),
      );
      try {
        const first = await start(dataDir);
        await first.stop();
        expect(existsSync(join(place, "postgres/PG_VERSION"))).toBe(true);
        expect(existsSync(join(dataDir, "postgres"))).toBe(false);
        const second = await start(dataDir);
        expect((await fetch(`${second.consoleUrl}/readyz`)).status).toBe(200);
        await second.stop();
      } finally {
        rmSync(place, { recursive: true, force: true });
      }
    },
  );
});
