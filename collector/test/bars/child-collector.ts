import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import http from "node:http";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { readAll } from "../conformance/harness.ts";
import type { TestResponse } from "../conformance/harness.ts";
import { ALLOCATOR_ENV, NODE_FLAGS } from "../../src/process-options.ts";

/** The collector as operators run it: a process of its own, told what to do by its environment. */
export interface ChildCollector {
  readonly httpPort: number;
  readonly grpcPort: number;
  /** Everything the process has written so far, on both streams. */
  readonly output: () => string;
  readonly send: (request: ChildRequest) => Promise<TestResponse>;
  readonly stats: () => Promise<ChildStats>;
  /** Memory of the process now, as the system counts it (VmRSS), and the most it ever was (VmHWM). */
  readonly memory: () => Promise<{ rssBytes: number; peakRssBytes: number }>;
  /** Resolves when everything accepted is in the lake. */
  readonly landed: () => Promise<void>;
  readonly isRunning: () => boolean;
  /** Sends the signal and resolves to the exit code (null when the signal ended it). */
  readonly end: (signal: "SIGKILL" | "SIGTERM") => Promise<number | null>;
}

export interface ChildRequest {
  readonly path?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: Uint8Array | string;
  readonly method?: string;
  readonly agent?: http.Agent;
}

export interface ChildStats {
  readonly pipeline: {
    readonly duplicateRequests: number;
    readonly duplicateSpans: number;
    readonly landing: {
      readonly waitingSegments: number;
      readonly oldestReceivedMs?: number;
      readonly landedRows: number;
      readonly undecodableRecords: number;
      readonly rowDifferences: number;
      readonly damagedRanges: number;
    };
  };
}

const PROGRAM = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const LANDED_TIMEOUT_MS = 60_000;

export async function startChild(env: Readonly<Record<string, string>>): Promise<ChildCollector> {
  const child = spawn(process.execPath, [...NODE_FLAGS, PROGRAM], {
    stdio: ["ignore", "pipe", "pipe"],
    env: {
      PATH: process.env["PATH"] ?? "",
      ...ALLOCATOR_ENV,
      LENSAI_OTLP_HTTP_PORT: "0",
      LENSAI_OTLP_GRPC_PORT: "0",
      ...env,
    },
  });
  let output = "";
  const exited = new Promise<number | null>((resolve) => child.once("close", resolve));
  const ready = new Promise<Ports>((resolve, reject) => {
    const note = (chunk: Buffer): void => {
      output += chunk.toString();
      const ports = portsIn(output);
      if (ports !== undefined) resolve(ports);
    };
    child.stdout?.on("data", note);
    child.stderr?.on("data", note);
    void exited.then((code) => reject(new Error(`the collector ended with ${code}: ${output}`)));
  });
  const { httpPort, grpcPort } = await ready;
  const send = (request: ChildRequest): Promise<TestResponse> => sendTo(httpPort, request);
  const stats = async (): Promise<ChildStats> => {
    const response = await send({ method: "GET", path: "/internal/stats" });
    return JSON.parse(response.body.toString()) as ChildStats;
  };
  return {
    httpPort,
    grpcPort,
    output: () => output,
    send,
    stats,
    memory: () => memoryOf(child),
    async landed() {
      await expect
        .poll(() => waitingFor(stats), { interval: 20, timeout: LANDED_TIMEOUT_MS })
        .toEqual({ waitingSegments: 0, oldestReceivedMs: null });
    },
    isRunning: () => child.exitCode === null && child.signalCode === null,
    end(signal) {
      child.kill(signal);
      return exited;
    },
  };
}

async function waitingFor(stats: () => Promise<ChildStats>): Promise<unknown> {
  const { waitingSegments, oldestReceivedMs = null } = (await stats()).pipeline.landing;
  return { waitingSegments, oldestReceivedMs };
}

interface Ports {
  readonly httpPort: number;
  readonly grpcPort: number;
}

function portsIn(output: string): Ports | undefined {
  const line = output.split("\n").find((each) => each.includes('"httpPort"') && each.endsWith("}"));
  return line === undefined ? undefined : (JSON.parse(line) as Ports);
}

function sendTo(port: number, request: ChildRequest): Promise<TestResponse> {
  const { body = "", agent = new http.Agent(), method = "POST", path = "/v1/traces" } = request;
  return new Promise((resolve, reject) => {
    const headers = { "content-length": Buffer.byteLength(body), ...request.headers };
    const outgoing = http.request({ host: "127.0.0.1", port, agent, method, path, headers });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      readAll(incoming).then(resolve, reject);
    });
    outgoing.end(body);
  });
}

async function memoryOf(child: ChildProcess): Promise<{ rssBytes: number; peakRssBytes: number }> {
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  const bytesOf = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { rssBytes: bytesOf("VmRSS"), peakRssBytes: bytesOf("VmHWM") };
}
