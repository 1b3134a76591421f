import { fork, spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { keyPairOf } from "@lensai/otel-config/signing/ed25519";
import { seal, SNAPSHOT_PAYLOAD_TYPE } from "@lensai/otel-config/signing/envelope";
import type * as ProcessOptions from "../src/process-options.ts";
import { buildOtelCollector, startOtelCollector } from "./otel-collector.ts";

/** The processes that are compared. */

export type ServerName =
  /** Floors: the transport alone, and a durable log of raw bodies. */
  | "http"
  | "fastify"
  | "walraw"
  /** This collector; the same without normalising; the one of an earlier revision. */
  | "lensai"
  | "unaccounted"
  | "earlier"
  /** Baselines: a receiver as one writes it in an afternoon, and the OpenTelemetry Collector. */
  | "naive"
  | "otelcol";

export interface Server {
  readonly name: ServerName;
  readonly port: number;
  readonly pid: number;
  /** Does it check keys? Then each request carries one. */
  readonly hasKeys: boolean;
  /** Resolves when what was accepted has been paid for: what is done after the acknowledgement costs, too. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** Keys of as many projects: the same spans in another project are other spans. Enough for minutes at full load. */
export const PROJECTS = 1024;
export const keyOf = (project: number): string =>
  `lens_bench_${project.toString().padStart(4, "0")}`;

const here = import.meta.dirname;
const READY_TIMEOUT_MS = 30_000;
const READY_POLL_MS = 50;
const SETTLE_MS = 300;
const CONTROL_TOKEN = "bench-control-token-of-no-console";

const pause = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, "127.0.0.1", resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

function serverOf(
  name: ServerName,
  child: ChildProcess,
  at: { port: number; hasKeys?: boolean },
): Server {
  return {
    name,
    port: at.port,
    pid: child.pid ?? 0,
    hasKeys: at.hasKeys ?? false,
    settled: () => pause(SETTLE_MS),
    async stop() {
      if (child.exitCode !== null) return;
      const exited = once(child, "exit");
      child.kill("SIGTERM");
      await exited;
    },
  };
}

/** A script that tells its address over IPC. */
async function forked(
  name: ServerName,
  script: string,
  args: readonly string[] = [],
): Promise<Server> {
  const child = fork(join(here, script), args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
  const address = await new Promise<AddressInfo>((resolve) => {
    child.once("message", (message) => resolve(message as AddressInfo));
  });
  return serverOf(name, child, { port: address.port });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(url)).status < 500;
  } catch {
    // Not listening yet.
    return false;
  }
}

async function untilReady(url: string): Promise<void> {
  const started = performance.now();
  while (!(await answers(url))) {
    if (performance.now() - started > READY_TIMEOUT_MS)
      throw new Error(`${url} did not answer in time`);
    await pause(READY_POLL_MS);
  }
}

interface OurServer {
  readonly name: ServerName;
  readonly main: string;
  /** Options of Node that load modules before it. */
  readonly preload?: readonly string[];
}

async function lensai(folder: string, { name, main, preload = [] }: OurServer): Promise<Server> {
  const dataDir = join(folder, name);
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(join(dataDir, "control-snapshot.json"), snapshotFor(main), { mode: 0o600 });
  const [port, grpcPort] = [await freePort(), await freePort()];
  // As its own revision is started: the options are a part of what is compared.
  const options = (await import(
    join(dirname(main), "process-options.ts")
  )) as typeof ProcessOptions;
  const child = spawn(process.execPath, [...options.NODE_FLAGS, ...preload, main], {
    stdio: ["ignore", "inherit", "inherit"],
    env: {
      ...process.env,
      ...options.ALLOCATOR_ENV,
      LENSAI_DATA_DIR: dataDir,
      LENSAI_OTLP_HTTP_PORT: String(port),
      LENSAI_OTLP_GRPC_PORT: String(grpcPort),
      // No console answers there: the collector goes on with the snapshot in its folder.
      LENSAI_CONTROL_URL: `http://127.0.0.1:${await freePort()}`,
      LENSAI_CONTROL_TOKEN: CONTROL_TOKEN,
    },
  });
  await untilReady(`http://127.0.0.1:${port}/readyz`);
  const server = serverOf(name, child, { port, hasKeys: true });
  return { ...server, settled: () => landed(port) };
}

/** Waits for every sealed segment to be in the lake; one is always open. */
async function landed(port: number): Promise<void> {
  const headers = { authorization: `Bearer ${CONTROL_TOKEN}` };
  let waitingSegments: number;
  do {
    await pause(SETTLE_MS);
    const response = await fetch(`http://127.0.0.1:${port}/internal/stats`, { headers });
    const stats = (await response.json()) as {
      pipeline: { landing: { waitingSegments: number } };
    };
    ({ waitingSegments } = stats.pipeline.landing);
  } while (waitingSegments > 0);
}

/** Signed, as collectors want it since they keep snapshots in a file of that name. */
function snapshotFor(main: string): string {
  const document = JSON.stringify(snapshot());
  const takesSigned = existsSync(join(main, "../control/snapshot-keeper.ts"));
  const key = keyPairOf(new Uint8Array(32).fill(7));
  return takesSigned ? seal(SNAPSHOT_PAYLOAD_TYPE, document, key) : document;
}

function snapshot(): unknown {
  const projects = Array.from({ length: PROJECTS }, (_, n) => `bench-${n}`);
  return {
    formatVersion: 1,
    version: 1,
    issuedAt: "2026-01-01T00:00:00.000Z",
    projects: projects.map((id) => ({ id, name: id, content: "redacted" })),
    keys: projects.map((projectId, n) => ({
      id: `key-${n}`,
      sha256: createHash("sha256").update(keyOf(n)).digest("hex"),
      projectId,
      scopes: ["ingest"],
      origins: [],
      revoked: false,
    })),
  };
}

const OURS: OurServer = { name: "lensai", main: join(here, "../src/main.ts") };
const UNACCOUNTED: OurServer = {
  ...OURS,
  name: "unaccounted",
  preload: ["--import", join(here, "without-accounting.ts")],
};

/** This collector and the one of an earlier revision. */
export async function startBoth(folder: string, earlierMain: string): Promise<Server[]> {
  return [await lensai(folder, OURS), await lensai(folder, { name: "earlier", main: earlierMain })];
}

/**
 * Starts those that are wanted; the OpenTelemetry Collector only where Go is. When one fails, the others are
 * stopped again.
 */
export async function startServers(
  { folder, goFolder }: { folder: string; goFolder: string },
  isWanted: (name: ServerName) => boolean,
): Promise<Server[]> {
  const starts: ReadonlyArray<[ServerName, () => Promise<Server | undefined>]> = [
    ["http", () => forked("http", "floor-server.ts", ["http"])],
    ["fastify", () => forked("fastify", "floor-server.ts", ["fastify"])],
    ["walraw", () => forked("walraw", "floor-server.ts", ["walraw", join(folder, "floor.wal")])],
    ["lensai", () => lensai(folder, OURS)],
    ["unaccounted", () => lensai(folder, UNACCOUNTED)],
    ["naive", () => forked("naive", "naive-server.ts", [join(folder, "naive.ndjson")])],
    ["otelcol", () => otelCollector(goFolder, folder)],
  ];
  const servers: Server[] = [];
  try {
    for (const [name, start] of starts) {
      const server = isWanted(name) ? await start() : undefined;
      if (server !== undefined) servers.push(server);
    }
    return servers;
  } catch (error) {
    await Promise.all(servers.map((server) => server.stop()));
    throw error;
  }
}

/** Undefined where it cannot be built or does not start: the other figures are worth having all the same. */
async function otelCollector(goFolder: string, folder: string): Promise<Server | undefined> {
  const binary = buildOtelCollector(goFolder);
  if (binary === undefined) return undefined;
  const collectorFolder = join(folder, "otelcol");
  mkdirSync(collectorFolder, { recursive: true });
  const port = await freePort();
  const server = serverOf("otelcol", startOtelCollector(binary, collectorFolder, port), { port });
  try {
    await untilReady(`http://127.0.0.1:${port}/`);
    return server;
  } catch (error) {
    console.log(`no OpenTelemetry Collector in this run: ${String(error)}`);
    await server.stop();
    return undefined;
  }
}
