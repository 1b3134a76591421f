import { connect } from "node:net";
import { join } from "node:path";
import { ALLOCATOR_ENV, NODE_FLAGS } from "@lensai/collector/process-options";
import { LensError } from "@lensai/otel-config/errors";
import { startChild, type Child, type ChildSpec } from "./child-process.ts";
import { ensureConsoleBuild } from "./console-build.ts";
import { keptSecret, type DataFolder } from "./data-folder.ts";
import type { Guard } from "./guard.ts";
import type { LauncherConfig } from "./launcher-config.ts";
import { preparePostgres, type DatabaseUrls } from "./postgres.ts";
import type { Ports } from "./ports.ts";
import type { ReadyFacts } from "./ready-block.ts";
import { Supervisor } from "./supervisor.ts";
import { waitUntil } from "./wait-until.ts";

export interface StackDependencies {
  /** The checkout. */
  readonly root: string;
  readonly folder: DataFolder;
  readonly ports: Ports;
  readonly guard: Guard;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly say: (line: string) => void;
}

/** All processes of one installation, kept running. Stop is safe twice and while it starts. */
export interface Stack {
  start(): Promise<ReadyFacts>;
  stop(): Promise<void>;
  /** Settles with a message when a process ends again and again. */
  readonly failed: Promise<string>;
}

const READY_TIMEOUT_MS = 60_000;
/** The collector drains requests in flight and lands what it holds. */
const COLLECTOR_STOP_TIMEOUT_MS = 20_000;
const CONSOLE_STOP_TIMEOUT_MS = 10_000;
/** One look at /readyz; a process that needs longer is not ready. */
const READY_REQUEST_TIMEOUT_MS = 2000;

export function createStack(config: LauncherConfig, dependencies: StackDependencies): Stack {
  const { guard, say } = dependencies;
  const supervisor = new Supervisor({ guard, say, nowMs: () => performance.now() });
  let starting: Promise<ReadyFacts> | undefined;

  const stop = async (): Promise<void> => {
    await supervisor.stop();
    // A start that is under way notices; what it had begun meanwhile is stopped, too.
    await starting?.catch(() => undefined);
    await supervisor.stop();
  };

  const startDatabase = async (): Promise<DatabaseUrls> => {
    const { urls, start: startPostgres } = await preparePostgres(dependencies);
    await supervisor.start(startPostgres);
    return urls;
  };

  const startAll = async (): Promise<ReadyFacts> => {
    const build = ensureConsoleBuild(dependencies.root, {
      signal: supervisor.signal,
      onStart: () => say("building the console (only after an update; takes about half a minute)"),
    });
    // A failing database must not leave the build's own failure unobserved.
    build.catch(() => undefined);
    const database = config.database ?? (await startDatabase());
    await build;
    // From here on what the children create is for this user only.
    process.umask(0o077);
    const shared = sharedEnvironment(config, dependencies, database);
    for (const { spec, readyUrl } of childSpecs(config, dependencies, shared)) {
      await supervisor.start(async (adopt) => {
        const child = await startChild(spec);
        adopt(child);
        await untilReady(child, readyUrl);
      });
    }
    return readyFacts(config, dependencies, shared["LENSAI_BOOTSTRAP_KEY"] ?? "");
  };
  const start = (): Promise<ReadyFacts> => (starting ??= startAll());
  return { start, stop, failed: supervisor.failed };
}

type Environment = Record<string, string | undefined>;

export function sharedEnvironment(
  config: LauncherConfig,
  { environment, folder, ports }: StackDependencies,
  { databaseUrl, migrateDatabaseUrl }: DatabaseUrls,
): Environment {
  return {
    ...environment,
    NODE_ENV: "production",
    LENSAI_DATA_DIR: folder.path,
    LENSAI_LAKE_URL: config.collector.lakeUrl,
    LENSAI_PRICES_FILE: config.collector.pricesFile,
    LENSAI_BIND_ADDRESS: config.collector.bindAddress,
    LENSAI_OTLP_HTTP_PORT: String(ports.otlpHttp),
    LENSAI_OTLP_GRPC_PORT: String(ports.otlpGrpc),
    LENSAI_CONSOLE_PORT: String(ports.console),
    LENSAI_BOOTSTRAP_KEY:
      config.collector.bootstrapKey ?? keptSecret(folder.bootstrapKeyFile, "lensai_"),
    LENSAI_CONTROL_TOKEN: config.collector.control.token ?? keptSecret(folder.controlTokenFile, ""),
    DATABASE_URL: databaseUrl,
    LENSAI_MIGRATE_DATABASE_URL: migrateDatabaseUrl,
  };
}

/** A nursery of 6 MB for what a page leaves behind; V8 would let it grow to 48, in each thread. */
export const CONSOLE_NODE_FLAGS: readonly string[] = ["--max-semi-space-size=2"];

/**
 * One heap, as the collector has (`ALLOCATOR_ENV`), of small pages: a console mostly rests. What it frees goes back to the
 * operating system: by default glibc keeps more and more of it, up to 64 MB, and puts blocks of up to 32 MB where they are kept.
 */
export const CONSOLE_ALLOCATOR_ENV: Readonly<Record<string, string>> = {
  MALLOC_ARENA_MAX: "1",
  MALLOC_MMAP_THRESHOLD_: "1048576",
  MALLOC_TRIM_THRESHOLD_: "8388608",
};

/** How the console begins what it says to whoever started it. */
const SIGN_IN_LINE = "Sign-in link";

/** A process, and where it says that it accepts work. */
export interface StartStep {
  readonly spec: ChildSpec;
  readonly readyUrl: string;
}

/** The console, then the collector. */
export function childSpecs(
  config: LauncherConfig,
  { root, folder, ports, say }: StackDependencies,
  shared: Environment,
): StartStep[] {
  const consoleUrl = localUrl(config.collector.bindAddress, ports.console);
  const {
    DATABASE_URL: databaseUrl,
    LENSAI_MIGRATE_DATABASE_URL: migrateDatabaseUrl,
    ...withoutDatabase
  } = shared;
  const node = { command: process.execPath, stopSignal: "TERM" } as const;
  return [
    {
      spec: {
        ...node,
        name: "the console",
        args: [...CONSOLE_NODE_FLAGS, join(root, "console/build/index.js")],
        env: {
          ...shared,
          ...CONSOLE_ALLOCATOR_ENV,
          DATABASE_URL: databaseUrl,
          LENSAI_MIGRATE_DATABASE_URL: migrateDatabaseUrl,
          HOST: config.collector.bindAddress,
          PORT: String(ports.console),
        },
        cwd: join(root, "console"),
        logFile: join(folder.logs, "console.log"),
        tell: (line) => {
          const isForPeople = line.startsWith(SIGN_IN_LINE);
          if (isForPeople) say(line);
          return isForPeople;
        },
        stopTimeoutMs: CONSOLE_STOP_TIMEOUT_MS,
      },
      readyUrl: `${consoleUrl}/readyz`,
    },
    {
      spec: {
        ...node,
        name: "the collector",
        args: [...NODE_FLAGS, join(root, "collector/src/main.ts")],
        // Only the console opens PostgreSQL: the collector does not even learn where it is.
        env: {
          ...withoutDatabase,
          ...ALLOCATOR_ENV,
          LENSAI_CONTROL_URL: shared["LENSAI_CONTROL_URL"] ?? consoleUrl,
        },
        cwd: join(root, "collector"),
        logFile: join(folder.logs, "collector.log"),
        stopTimeoutMs: COLLECTOR_STOP_TIMEOUT_MS,
      },
      readyUrl: `${localUrl(config.collector.bindAddress, ports.otlpHttp)}/readyz`,
    },
  ];
}

export async function untilReady(child: Child, url: string): Promise<void> {
  await waitUntil(
    async () => {
      if (child.hasExited()) {
        throw new LensError("internal", `${child.name} ended at start:\n${child.logTail()}`);
      }
      return answersReady(url);
    },
    { timeoutMs: READY_TIMEOUT_MS, what: `${child.name} to be ready (${url})` },
  );
}

/** By hand: a process that asks a few times and then waits would keep 8 MB of `node:http`, and 18 of `fetch`. */
function answersReady(url: string): Promise<boolean> {
  const { hostname, host, port, pathname } = new URL(url);
  return new Promise((resolve) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ""), port: Number(port) });
    socket.setEncoding("latin1").setTimeout(READY_REQUEST_TIMEOUT_MS, () => socket.destroy());
    socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    let answer = "";
    socket.on("data", (text: string) => (answer += text));
    // Refused, reset or slow: not ready yet, which is what the caller asked.
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer.startsWith("HTTP/1.1 200 ")));
  });
}

function readyFacts(
  { collector }: LauncherConfig,
  { ports, folder }: StackDependencies,
  apiKey: string,
): ReadyFacts {
  return {
    consoleUrl: localUrl(collector.bindAddress, ports.console),
    otlpHttpUrl: localUrl(collector.bindAddress, ports.otlpHttp),
    otlpGrpcUrl: localUrl(collector.bindAddress, ports.otlpGrpc),
    apiKey,
    dataDir: folder.path,
    lakeUrl: collector.lakeUrl,
  };
}

/** The address to reach a server on this machine: a wildcard address is not one to connect to. */
function localUrl(bindAddress: string, port: number): string {
  if (bindAddress === "0.0.0.0" || bindAddress === "127.0.0.1") return `http://127.0.0.1:${port}`;
  if (bindAddress === "::" || bindAddress === "::1") return `http://[::1]:${port}`;
  return bindAddress.includes(":")
    ? `http://[${bindAddress}]:${port}`
    : `http://${bindAddress}:${port}`;
}
