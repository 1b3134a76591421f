import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import os from "node:os";
import path from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { createCollector } from "../../src/collector.ts";
import type { Collector, CollectorDeps, Pipeline } from "../../src/collector.ts";
import { parseConfig } from "../../src/config.ts";
import type { CollectorConfig } from "../../src/config.ts";
import { createLog } from "../../src/log.ts";
import type { IngestRequest, IngestResult } from "../../src/pipeline/ingest.ts";
import { startSnapshotServer } from "../control/snapshot-server.ts";
import type { SnapshotSections, SnapshotServer } from "../control/snapshot-server.ts";
import { decodeWithOracle, encodeWithOracle } from "../receiver/otlp-arbitrary.ts";

/** A collector on free loopback ports with a folder of its own, and clients that speak over real sockets. */

export interface TestCollector {
  readonly collector: Collector;
  readonly dataDir: string;
  /** Everything that was logged. */
  readonly logLines: string[];
  /** Undefined without `sections`. */
  readonly console: SnapshotServer | undefined;
  send(request: TestRequest): Promise<TestResponse>;
  connect(): Promise<Socket>;
  /** Makes the console say this, and waits until the collector has heard it. Needs `sections` at the start. */
  publish(sections: SnapshotSections): Promise<void>;
  /** From now on the console does not answer. */
  silenceConsole(): void;
  stop(): Promise<void>;
}

export interface TestOptions {
  readonly config?: Partial<CollectorConfig>;
  readonly pipeline?: Pipeline;
  readonly nowMs?: () => number;
  readonly priceOverrides?: CollectorDeps["priceOverrides"];
  /** Starts a console that says this; without, there is none. */
  readonly sections?: SnapshotSections;
}

export const KEY = "lensai_conformance_key";

/** A test does not wait for a poll. */
const CONTROL_INTERVAL_MS = 5;

export async function startCollector(options: TestOptions = {}): Promise<TestCollector> {
  const ownDir = await mkdtemp(path.join(os.tmpdir(), "lensai-conformance-"));
  const dataDir = options.config?.dataDir ?? ownDir;
  const console =
    options.sections === undefined ? undefined : await startSnapshotServer(options.sections);
  const environment = {
    LENSAI_DATA_DIR: dataDir,
    LENSAI_OTLP_HTTP_PORT: "0",
    LENSAI_OTLP_GRPC_PORT: "0",
    LENSAI_BOOTSTRAP_KEY: KEY,
  };
  const control = { url: console?.url, token: "control-token", intervalMs: CONTROL_INTERVAL_MS };
  const config = {
    ...parseConfig(environment, dataDir),
    ...(console !== undefined && { control }),
    ...options.config,
  };
  const logLines: string[] = [];
  const log = createLog(
    (line) => logLines.push(line),
    () => new Date(0),
  );
  const pipeline = options.pipeline ?? new RecordingPipeline();
  const nowMs = options.nowMs ?? Date.now;
  const collector = createCollector(config, { pipeline, nowMs, log, ...pricesOf(options) });
  await collector.start();
  const heard = (): Promise<void> => untilHeard(collector.httpPort, console);
  await heard();
  return {
    collector,
    dataDir,
    logLines,
    console,
    send: (request) => send(collector.httpPort, request),
    connect: async () => {
      const socket = connect(collector.httpPort, "127.0.0.1");
      await once(socket, "connect");
      return socket;
    },
    async publish(sections) {
      console?.publish(sections);
      await heard();
    },
    silenceConsole: () => console?.stop(),
    async stop() {
      await collector.stop();
      console?.stop();
      await rm(ownDir, { recursive: true, force: true });
    },
  };
}

const pricesOf = ({ priceOverrides }: TestOptions): Pick<CollectorDeps, "priceOverrides"> =>
  priceOverrides === undefined ? {} : { priceOverrides };

/** Until the collector works by the console's newest version. */
async function untilHeard(port: number, console: SnapshotServer | undefined): Promise<void> {
  if (console === undefined) return;
  const authorization = "Bearer control-token";
  for (;;) {
    const stats = await send(port, {
      method: "GET",
      path: "/internal/stats",
      headers: { authorization },
    });
    if ((stats.json()["control"] as { version: number }).version === console.version) return;
  }
}

const REQUEST_TYPES = {
  traces: "ExportTraceServiceRequest",
  logs: "ExportLogsServiceRequest",
  metrics: "ExportMetricsServiceRequest",
} as const;

/** Stands behind the receiver where a case is about the transport: keeps what it was given. */
export class RecordingPipeline implements Pipeline {
  readonly name = "recording pipeline";
  readonly requests: IngestRequest[] = [];
  /** What the next calls answer; by default every record is accepted. */
  answer: (request: IngestRequest) => IngestResult | Promise<IngestResult> = () => ({
    accepted: 1,
    rejected: 0,
    message: undefined,
  });

  async ingest(request: IngestRequest): Promise<IngestResult> {
    try {
      decodeWithOracle(REQUEST_TYPES[request.signal], request.body);
    } catch {
      throw new LensError("ingest.body_malformed", "the body is not OTLP protobuf");
    }
    const result = await this.answer(request);
    // The receiver frees the body once it has been answered for.
    this.requests.push({ ...request, body: Uint8Array.from(request.body) });
    return result;
  }

  /** Why nothing can be stored at the moment; undefined while something can. */
  behind: LensError | undefined;
  isShortOfRoom = false;
  timesAskedForRoom = 0;

  hasRoom(): boolean {
    this.timesAskedForRoom += 1;
    return !this.isShortOfRoom;
  }

  refuseWhileBehind(): void {
    if (this.behind !== undefined) throw this.behind;
  }

  problems(): readonly string[] {
    return [];
  }

  stats(): unknown {
    return {};
  }

  async start(): Promise<void> {}

  async stop(): Promise<void> {}
}

export interface TestRequest {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  readonly agent?: http.Agent;
  /** Send with Transfer-Encoding: chunked instead of Content-Length. */
  readonly isChunked?: boolean;
}

export interface TestResponse {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: Buffer;
  /** The body as JSON. */
  json(): Record<string, unknown>;
}

function send(port: number, request: TestRequest): Promise<TestResponse> {
  const { body = "", isChunked = false, agent = new http.Agent() } = request;
  return new Promise((resolve, reject) => {
    const outgoing = http.request({
      host: "127.0.0.1",
      port,
      agent,
      method: request.method ?? "POST",
      path: request.path ?? "/v1/traces",
      headers: {
        ...(!isChunked && { "content-length": String(Buffer.byteLength(body)) }),
        ...request.headers,
      },
    });
    outgoing.on("error", reject);
    outgoing.on("response", (incoming) => {
      readAll(incoming).then(resolve, reject);
    });
    if (isChunked) {
      const bytes = Buffer.from(body);
      outgoing.write(bytes.subarray(0, bytes.length >> 1));
      outgoing.end(bytes.subarray(bytes.length >> 1));
    } else {
      outgoing.end(body);
    }
  });
}

/** A response with its whole body. */
export async function readAll(incoming: http.IncomingMessage): Promise<TestResponse> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    body,
    json: () => JSON.parse(body.toString()) as Record<string, unknown>,
  };
}

/** Reads from a raw socket until the condition holds; throws with what came when it never did. */
export async function readUntil(socket: Socket, done: (text: string) => boolean): Promise<string> {
  let text = "";
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    text += (chunk as Buffer).toString("latin1");
    if (done(text)) return text;
  }
  if (!done(text)) throw new Error(`the connection closed after: ${text}`);
  return text;
}

/** Reads a raw socket until the other side closes it. */
export async function readToEnd(socket: Socket): Promise<string> {
  let text = "";
  for await (const chunk of socket) text += (chunk as Buffer).toString("latin1");
  return text;
}

export const PROTOBUF = { "content-type": "application/x-protobuf" };
export const JSON_TYPE = { "content-type": "application/json" };

export const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";

const SPAN = {
  name: "chat gpt-5",
  kind: 3,
  startTimeUnixNano: "1790000000000000001",
  endTimeUnixNano: "1790000001000000001",
};

const spanIdOf = (index: number): string => (0xb7ad6b7169203331n + BigInt(index)).toString(16);

/** One valid span as OTLP/JSON; `span` adds to it or replaces. */
export function tracesJson(...spans: readonly object[]): string {
  const list = (spans.length === 0 ? [{}] : spans).map((span, index) =>
    Object.assign({ traceId: TRACE_ID, spanId: spanIdOf(index) }, SPAN, span),
  );
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: list }] }] });
}

/** One valid span as OTLP protobuf. */
export function tracesProtobuf(span: object = {}): Buffer {
  const full = {
    traceId: Buffer.from(TRACE_ID, "hex"),
    spanId: Buffer.from("b7ad6b7169203331", "hex"),
    ...SPAN,
    ...span,
  };
  return encodeWithOracle("ExportTraceServiceRequest", {
    resourceSpans: [{ scopeSpans: [{ spans: [full] }] }],
  });
}

/** A google.rpc.Status body. */
export function statusOf(response: TestResponse): Record<string, unknown> {
  return response.headers["content-type"]?.includes("json") === true
    ? response.json()
    : decodeWithOracle("google.rpc.Status", response.body);
}
