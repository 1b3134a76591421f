import { chownSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { startChild, type ChildSpec } from "./child-process.ts";
import type { DataFolder } from "./data-folder.ts";
import { keptSecret } from "./data-folder.ts";
import { choosePostgresPlace, createOwnedFolder, type PostgresPlace } from "./postgres-place.ts";
import { freePort } from "./ports.ts";
import { runProgram } from "./run-program.ts";
import type { StartPart } from "./supervisor.ts";
import { waitUntil } from "./wait-until.ts";

export interface PostgresOptions {
  readonly folder: DataFolder;
  readonly readyTimeoutMs?: number;
}

export interface EmbeddedPostgres {
  readonly urls: DatabaseUrls;
  /** Starts it; each time at the same address. */
  readonly start: StartPart;
}

/** How the console signs in. */
export interface DatabaseUrls {
  readonly databaseUrl: string;
  /** As the owner of the tables, for migrations alone; undefined: the same. */
  readonly migrateDatabaseUrl?: string | undefined;
}

const OWNER = "lensai";
/** Made by the console, with the owner's rights: it owns nothing. */
const CONSOLE_USER = "lensai_console";
const DATABASE = "lensai";
const READY_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;

/**
 * Settings for a control database of a few hundred rows: nothing wakes up while nothing happens, and no
 * helper process runs that such a database has no use for.
 */
const SMALL_FOOTPRINT: Readonly<Record<string, string>> = {
  shared_buffers: "8MB",
  max_connections: "20",
  huge_pages: "off",
  // No I/O workers, no logical replication launcher, no WAL senders.
  io_method: "sync",
  max_logical_replication_workers: "0",
  wal_level: "minimal",
  max_wal_senders: "0",
  max_parallel_workers: "0",
  jit: "off",
  max_wal_size: "128MB",
  min_wal_size: "32MB",
  autovacuum_naptime: "10min",
  autovacuum_max_workers: "1",
  // Both writers sleep longer between rounds; every commit still waits for its own fsync.
  bgwriter_delay: "10s",
  wal_writer_delay: "10s",
  checkpoint_timeout: "30min",
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  log_checkpoints: "off",
};

/**
 * Starts the embedded PostgreSQL on a free loopback port; creates the cluster at the first start. Answers when it accepts
 * connections; throws LensError `internal` when it does not in time.
 */
export async function preparePostgres({
  folder,
  readyTimeoutMs = READY_TIMEOUT_MS,
}: PostgresOptions): Promise<EmbeddedPostgres> {
  const place = choosePostgresPlace(folder.path);
  const password = keptSecret(folder.postgresPasswordFile, "");
  if (!existsSync(join(place.cluster, "PG_VERSION"))) await createCluster(place, password);
  const port = await freePort();
  const logFile = join(folder.logs, "postgres.log");
  const settings = Object.entries(SMALL_FOOTPRINT).flatMap(([name, value]) => [
    "-c",
    `${name}=${value}`,
  ]);
  const spec: ChildSpec = {
    name: "PostgreSQL",
    command: join(place.native, "bin", "postgres"),
    args: ["-D", place.cluster, "-p", String(port), ...settings],
    env: programEnvironment(),
    cwd: "/",
    logFile,
    // Fast shutdown: sessions are ended, everything committed is kept.
    stopSignal: "INT",
    stopTimeoutMs: STOP_TIMEOUT_MS,
    account: place.account,
  };
  const urlOf = (user: string, secret: string): string =>
    `postgres://${user}:${secret}@127.0.0.1:${port}/${DATABASE}`;
  return {
    urls: {
      databaseUrl: urlOf(CONSOLE_USER, keptSecret(folder.consolePasswordFile, "")),
      migrateDatabaseUrl: urlOf(OWNER, password),
    },
    start: async (adopt) => {
      await stopOrphan(place);
      const child = await startChild(spec);
      adopt(child);
      await waitUntil(
        async () => {
          if (child.hasExited()) throw postgresFailed(`ended at start: ${child.logTail()}`);
          return isReady(place.cluster, child.pid);
        },
        { timeoutMs: readyTimeoutMs, what: "PostgreSQL to accept connections" },
      );
    },
  };
}

/** initdb in a folder aside, then one rename: an interrupted first start leaves no half cluster. */
async function createCluster(place: PostgresPlace, password: string): Promise<void> {
  const unfinished = `${place.cluster}.new`;
  rmSync(unfinished, { recursive: true, force: true });
  createOwnedFolder(unfinished, place.account);
  const passwordFile = join(unfinished, "password");
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const cluster = join(unfinished, "cluster");
  if (place.account !== undefined) chownSync(passwordFile, place.account.uid, place.account.gid);
  await runTool(place, {
    name: "initdb",
    args: [
      `--pgdata=${cluster}`,
      `--username=${OWNER}`,
      "--auth=scram-sha-256",
      `--pwfile=${passwordFile}`,
      "--encoding=UTF8",
      // The built-in collation needs nothing of the machine and sorts the same everywhere.
      "--locale-provider=builtin",
      "--locale=C.UTF-8",
      "--lc-messages=C",
    ],
  });
  // Single-user mode creates the database without a server, a port or a driver.
  await runTool(place, {
    name: "postgres",
    args: ["--single", "-D", cluster, "postgres"],
    input: `CREATE DATABASE ${DATABASE};\n`,
  });
  renameSync(cluster, place.cluster);
  rmSync(unfinished, { recursive: true, force: true });
}

/** A server that outlived a killed launcher would keep its cluster: the folder is ours, so is the server. */
async function stopOrphan(place: PostgresPlace): Promise<void> {
  const pid = Number(postmasterLines(place.cluster)[0] ?? "");
  if (!Number.isInteger(pid) || pid <= 0 || !isProcessOf(pid, place.cluster)) return;
  process.kill(pid, "SIGINT");
  await waitUntil(() => Promise.resolve(!isProcessOf(pid, place.cluster)), {
    timeoutMs: STOP_TIMEOUT_MS,
    what: `the PostgreSQL of an earlier start (process ${pid}) to stop`,
  });
}

function isProcessOf(pid: number, cluster: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(cluster);
  } catch {
    return false;
  }
}

/** Line 8 of postmaster.pid is what pg_ctl looks at, too. */
function isReady(cluster: string, pid: number): boolean {
  const lines = postmasterLines(cluster);
  return Number(lines[0]) === pid && lines[7]?.trim() === "ready";
}

function postmasterLines(cluster: string): string[] {
  try {
    return readFileSync(join(cluster, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return [];
  }
}

async function runTool(place: PostgresPlace, tool: Tool): Promise<void> {
  const { isSuccess, how, output } = await runProgram({
    command: join(place.native, "bin", tool.name),
    args: tool.args,
    options: { cwd: "/", env: programEnvironment(), ...place.account },
    input: tool.input ?? "",
  });
  if (!isSuccess) throw postgresFailed(`${tool.name} ended with ${how}: ${output}`);
}

interface Tool {
  readonly name: "initdb" | "postgres";
  readonly args: readonly string[];
  readonly input?: string;
}

const postgresFailed = (what: string): LensError =>
  new LensError("internal", `the embedded PostgreSQL ${what}`);

/** Nothing of ours: PG* variables of the operator would change what the programs do. */
function programEnvironment(): Record<string, string | undefined> {
  return { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC" };
}
