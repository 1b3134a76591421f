import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:net";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askConsole, runningConsole } from "../../cli/running-console.ts";
import { changeDatabase } from "../support/change-database.ts";
import { lakeSummary } from "../support/lake-summary.ts";
import { launch, launched, processesOf, type LaunchedStack } from "../support/launched-stack.ts";
import { ONE_CALL_NANO_USD, sendOneCall } from "../support/one-call.ts";
import { temporaryFolder, type TemporaryFolder } from "../support/temporary-folder.ts";
import { waitFor } from "../support/wait-for.ts";

/** The first start may have to build the console, on a machine that does other things too. */
const TIMEOUT_MS = 300_000;

const CLI = join(import.meta.dirname, "../../cli/main.ts");

let home: TemporaryFolder;
let oneDir: string;
let twoDir: string;
let stacks: LaunchedStack[];
/** On `oneDir`, from the end of the first test on: what the later ones look at is of the same two. */
let one: LaunchedStack;
let two: LaunchedStack;

beforeAll(() => {
  home = temporaryFolder();
  // Where there is root, the database's account may not enter it.
  mkdirSync(join(home.path, "own"), { mode: 0o700 });
  oneDir = join(home.path, "own/one");
  twoDir = join(home.path, "two");
  stacks = [];
});
afterAll(async () => {
  await Promise.all(stacks.map((stack) => stack.stop()));
  rmSync(placeOf(oneDir), { recursive: true, force: true });
  home.remove();
});

const start = async (...args: Parameters<typeof launched>): Promise<LaunchedStack> => {
  const stack = await launched(...args);
  stacks.push(stack);
  return stack;
};

const callsIn = async (dataDir: string): Promise<number> =>
  existsSync(join(dataDir, "lake")) ? (await lakeSummary(dataDir, "default")).calls : 0;

const untilCallsIn = (dataDir: string, calls: number): Promise<true> =>
  waitFor(`${calls} calls in the lake`, async () =>
    (await callsIn(dataDir)) === calls ? true : undefined,
  );

/** Of a data folder, its database among them, which root keeps elsewhere. */
const processesIn = (dataDir: string): string[] => [
  ...processesOf(dataDir),
  ...processesOf(placeOf(dataDir)),
];

const untilNoProcessIn = (dataDir: string): Promise<true> =>
  waitFor("all processes to be gone", () => (processesIn(dataDir).length === 0 ? true : undefined));

describe("the launcher", { timeout: TIMEOUT_MS }, () => {
  it("keeps data, key and secrets over every kind of end, leaves no process behind, and counts a ledger anew", async () => {
    const first = await start(oneDir);
    expect(await sendOneCall(first.otlpHttpUrl)).toBe(200);
    expect(await sendOneCall(first.otlpHttpUrl, { "x-api-key": first.apiKey })).toBe(200);
    expect(await sendOneCall(first.otlpHttpUrl, { "x-api-key": "wrong" })).toBe(401);
    await untilCallsIn(oneDir, 2);
    expectSecretsAreKept(oneDir, first);
    expect(databaseUsers(oneDir)).toEqual(["lensai_console"]);
    await makeSettledBudget(first, oneDir, 2n * ONE_CALL_NANO_USD);
    expect(await first.stop("SIGINT")).toBe(0);
    expect(processesIn(oneDir)).toEqual([]);
    await changeDatabase(oneDir, "UPDATE budget_ledgers SET settled_nano_usd = 1000000000");

    // With this interval nothing lands by itself between the answer and the end.
    const second = await start(oneDir, { LENSAI_LANDING_INTERVAL_MS: "60000" });
    expect(second.apiKey).toBe(first.apiKey);
    expect((await lakeSummary(oneDir, "default")).costNanoUsd).toBe(2n * ONE_CALL_NANO_USD);
    expect((await fetch(`${second.consoleUrl}/projects/default`)).status).toBe(200);
    const changes = await rebuildLedgers(second, oneDir);
    expect(changes).toMatch(/^default {2}\S+ {2}\S+ {2}-\$0\.58\n1 were wrong, and are/);
    expect(await rebuildLedgers(second, oneDir)).toBe("every ledger is what the lake says\n");
    expect(await sendOneCall(second.otlpHttpUrl)).toBe(200);
    expect(await second.stop("SIGTERM")).toBe(0);
    expect(processesIn(oneDir)).toEqual([]);

    const third = await start(oneDir, { LENSAI_LANDING_INTERVAL_MS: "60000" });
    await untilCallsIn(oneDir, 3);
    expect(await sendOneCall(third.otlpHttpUrl)).toBe(200);
    await third.stop("SIGKILL");

    // Not after its children are gone: whoever starts again does not wait either.
    one = await start(oneDir);
    await untilCallsIn(oneDir, 4);
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

  it("refuses a second start on the same data folder, and two folders run side by side", async () => {
    const refused = await launch(oneDir);
    expect(refused).toMatchObject({ exitCode: 1 });
    expect(refused.output).toContain(`is in use by a running LensAI (process ${one.pid})`);
    two = await start(twoDir, { LENSAI_OWNER_EMAIL: "owner@example.com" });
    expect(await sendOneCall(one.otlpHttpUrl)).toBe(200);
    expect(await sendOneCall(two.otlpHttpUrl)).toBe(200);
    await expectLinkAtTerminal(two, twoDir);
  });

  it("starts a part that dies again, while the others go on", async () => {
    const readyStatus = (): Promise<number | undefined> =>
      fetch(`${two.consoleUrl}/readyz`).then(
        ({ status }) => status,
        () => undefined,
      );
    killPart(twoDir, CONSOLE);
    expect(await sendOneCall(two.otlpHttpUrl)).toBe(200);
    await untilSaid(two, "the console ended unexpectedly (signal SIGKILL): it is started again");
    await untilSaid(two, "the console works again");
    expect(await readyStatus()).toBe(200);

    killPart(twoDir, POSTGRES);
    expect(await sendOneCall(two.otlpHttpUrl)).toBe(200);
    await untilSaid(two, "PostgreSQL works again");
    await expect.poll(readyStatus).toBe(200);

    killPart(twoDir, COLLECTOR);
    await untilSaid(two, "the collector works again");
    expect(await sendOneCall(two.otlpHttpUrl)).toBe(200);
    await untilCallsIn(twoDir, 4);
  });

  it("stops everything, says why and exits with 1 when a part dies again and again", async () => {
    // The part that is the quickest to start again.
    const ends = (): number => two.output().split("PostgreSQL ended unexpectedly").length - 1;
    // Counted within a minute: what an earlier test ended may not count any more.
    for (let killed = 0; killed < 5 && !two.output().includes("times within"); killed += 1) {
      const pid = await waitFor("a PostgreSQL", () => partOf(twoDir, POSTGRES));
      const before = ends();
      process.kill(pid, "SIGKILL");
      await waitFor("its end to be seen", () => (ends() > before ? true : undefined));
    }
    expect(await two.exited).toBe(1);
    expect(two.output()).toMatch(
      /PostgreSQL ended unexpectedly \(signal SIGKILL\), 5 times within a minute/,
    );
    expect(processesIn(twoDir)).toEqual([]);
  });

  it("leaves no process behind where the one before it was killed", async () => {
    expect(await one.stop()).toBe(0);
    await untilNoProcessIn(oneDir);
  });

  it.runIf(process.getuid?.() === 0)(
    "as root, keeps the database outside of a folder that only root may enter",
    () => {
      expect(existsSync(join(placeOf(oneDir), "postgres/PG_VERSION"))).toBe(true);
      expect(existsSync(join(oneDir, "postgres"))).toBe(false);
    },
  );
});

const CONSOLE = "console/build/index.js";
const COLLECTOR = "collector/src/main.ts";
const POSTGRES = "/bin/postgres ";

/**
 * The process id of a part; undefined while there is none. Only what the launcher has started: a process that PostgreSQL has just
 * forked has the same words, and can outlive it for a moment.
 */
function partOf(dataDir: string, words: string): number | undefined {
  const pids = processesIn(dataDir)
    .filter((each) => each.includes(words))
    .map((each) => Number(each.split(" ")[0]));
  return pids.find((pid) => stacks.some((stack) => stack.pid === parentOf(pid)));
}

/** Undefined when it is gone. */
function parentOf(pid: number): number | undefined {
  try {
    return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
  } catch {
    return undefined;
  }
}

function killPart(dataDir: string, words: string): void {
  process.kill(partOf(dataDir, words) ?? Number.NaN, "SIGKILL");
}

const untilSaid = (stack: LaunchedStack, words: string): Promise<true> =>
  waitFor(`the launcher to say "${words}"`, () =>
    stack.output().includes(words) ? true : undefined,
  );

/** Where root keeps the database of a folder that the database's account may not enter. */
const placeOf = (dataDir: string): string =>
  join("/var/lib/lensai", createHash("sha256").update(dataDir).digest("hex").slice(0, 12));

/** Whose the sessions of the embedded PostgreSQL are, by the titles of its processes. */
function databaseUsers(dataDir: string): string[] {
  const server = processesIn(dataDir).find((line) => line.includes("/bin/postgres "));
  const pid = server?.split(" ")[0] ?? "";
  const titles = execFileSync("ps", ["-o", "args=", "--ppid", pid], { encoding: "utf8" });
  const users = titles.matchAll(/^postgres: (\w+) \w+ 127\.0\.0\.1/gm);
  return [...new Set([...users].map(([, user]) => user ?? ""))];
}

/** Of the whole project, for all time; returns when its ledger says what the calls so far cost. */
async function makeSettledBudget(
  stack: LaunchedStack,
  dataDir: string,
  spentNanoUsd: bigint,
): Promise<void> {
  const console = runningConsole(commandEnvironment(stack, dataDir), dataDir);
  const made = await askConsole(console, "/internal/budgets", {
    method: "POST",
    body: {
      projectId: "default",
      name: "Everything",
      limitNanoUsd: "100000000000",
      period: { kind: "total", startsAt: "2026-01-01T00:00:00Z" },
    },
  });
  const { budgetId } = made as { readonly budgetId: string };
  await waitFor("the calls to be settled", async () => {
    const path = `/internal/ledgers?projectId=default&budgetId=${budgetId}`;
    const { ledgers } = (await askConsole(console, path, { method: "GET" })) as {
      readonly ledgers: readonly { readonly settledNanoUsd: string }[];
    };
    return ledgers[0]?.settledNanoUsd === String(spentNanoUsd) ? true : undefined;
  });
}

/** What `lensai ledger rebuild` says at the terminal. */
async function rebuildLedgers(stack: LaunchedStack, dataDir: string): Promise<string> {
  const args = [CLI, "ledger", "rebuild", "default"];
  const env = { ...process.env, ...commandEnvironment(stack, dataDir) };
  return (await promisify(execFile)(process.execPath, args, { env })).stdout;
}

const commandEnvironment = (
  stack: LaunchedStack,
  dataDir: string,
): Readonly<Record<string, string>> => ({
  LENSAI_DATA_DIR: dataDir,
  LENSAI_CONSOLE_PORT: new URL(stack.consoleUrl).port,
});

/** Without a mail server a sign-in link is for whoever sees the terminal, and for no file. */
async function expectLinkAtTerminal(stack: LaunchedStack, dataDir: string): Promise<void> {
  const body = new URLSearchParams({ email: "owner@example.com" });
  await fetch(`${stack.consoleUrl}/sign-in`, { method: "POST", body });
  await waitFor("a link at the terminal", () =>
    /^Sign-in link.*\/sign-in\/confirm\?token=\w+/m.test(stack.output()) ? true : undefined,
  );
  expect(readFileSync(join(dataDir, "logs", "console.log"), "utf8")).not.toContain("token=");
}

/** Generated secrets are for their owner alone, and nothing but the key is shown. */
function expectSecretsAreKept(dataDir: string, stack: LaunchedStack): void {
  for (const name of ["bootstrap-key", "control-token", "postgres-password", "console-password"]) {
    expect(statSync(join(dataDir, name)).mode & 0o777).toBe(0o600);
  }
  for (const name of ["control-token", "postgres-password", "console-password"]) {
    const secret = readFileSync(join(dataDir, name), "utf8").trim();
    expect(stack.output()).not.toContain(secret);
  }
}
