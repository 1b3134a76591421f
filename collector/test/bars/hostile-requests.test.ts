import { once } from "node:events";
import http2 from "node:http2";
import { connect } from "node:net";
import path from "node:path";
import zlib from "node:zlib";
import { expect, onTestFinished, test } from "vitest";
import { GRPC_SERVICES } from "../conformance/grpc-call.ts";
import { testFolder } from "../landing/test-folder.ts";
import { otlpJsonOf } from "../receiver/otlp-arbitrary.ts";
import { tracesOf } from "./bar-requests.ts";
import { CanaryField } from "./canaries.ts";
import { startChild } from "./child-collector.ts";
import type { ChildCollector } from "./child-collector.ts";
import { hostileRequests } from "./hostile-forms.ts";
import { Mutator } from "./mutations.ts";
import { logsRequest, metricsRequest, tracesRequest } from "./planted.ts";
import { encode } from "./wire.ts";

/** LENSAI_FUZZ_SEED repeats a run; each run prints its own. */
const seed = Number(process.env["LENSAI_FUZZ_SEED"] ?? Date.now() % 1_000_000);
const FUZZ_MS = 10_000;
const CLIENTS = 4;
const TEST_TIMEOUT_MS = 120_000;
/** An answer that takes longer is none: nothing here is large. */
const ANSWER_TIMEOUT_MS = 5_000;
const STACK_TRACE = /\bat [^\n]*:\d+:\d+|node:internal|node_modules|\.ts:\d+|Error: /;
/** What the conformance suite allows a bad request to get; 505 says that HTTP/2 is spoken elsewhere. */
const STATUSES = new Set([
  100, 200, 204, 400, 401, 403, 404, 405, 408, 413, 415, 417, 429, 431, 503, 505,
]);

/** Shorter than any sentence that helps. */
const REASON_BYTES_MIN = 20;

interface Sample {
  readonly signal: "traces" | "logs" | "metrics";
  readonly body: Buffer;
  readonly contentType: string;
  readonly encoding: string;
}

function samples(): [Sample, ...Sample[]] {
  const field = new CanaryField();
  const messages = [
    { signal: "traces", type: "ExportTraceServiceRequest", message: tracesRequest(field, 1) },
    { signal: "logs", type: "ExportLogsServiceRequest", message: logsRequest(field) },
    { signal: "metrics", type: "ExportMetricsServiceRequest", message: metricsRequest(field) },
  ] as const;
  const protobuf = { contentType: "application/x-protobuf", encoding: "identity" } as const;
  const plain: Sample[] = messages.flatMap(({ signal, type, message }) => [
    { signal, body: encode(type, message), ...protobuf },
    {
      signal,
      body: Buffer.from(JSON.stringify(otlpJsonOf(message))),
      contentType: "application/json",
      encoding: "identity",
    },
  ]);
  const odd: Sample[] = Object.values(hostileRequests)
    .flatMap((requests) => requests(field))
    .filter(({ headers, status }) => headers === undefined && status === undefined)
    .map(({ path: url = "/v1/traces", body }) => {
      const signal = url.slice("/v1/".length) as Sample["signal"];
      return { signal, body, contentType: protobuf.contentType, encoding: protobuf.encoding };
    });
  const small: Sample = {
    signal: "traces",
    body: tracesOf([1, 2, 3], "alice@example.com"),
    ...protobuf,
  };
  const all = [...plain, ...odd];
  const gzipped = all.map((sample) => ({
    ...sample,
    body: zlib.gzipSync(sample.body),
    encoding: "gzip",
  }));
  return [small, ...all, ...gzipped];
}

/** The bytes of a whole HTTP/1.1 request; now and then with a lie about its length, its type or its coding. */
function httpRequest(mutator: Mutator, sample: Sample): Buffer {
  const isChunked = mutator.oncePer(6);
  const body = mutator.oncePer(3) ? sample.body : mutator.damage(sample.body);
  const length = mutator.oncePer(12) ? mutator.below(2 * body.length) : body.length;
  const head = [
    `POST /v1/${mutator.oncePer(20) ? "logs" : sample.signal} HTTP/1.1`,
    "host: 127.0.0.1",
    `content-type: ${mutator.oncePer(20) ? "application/json" : sample.contentType}`,
    `content-encoding: ${mutator.oncePer(20) ? mutator.oneOf(["zstd", "deflate", "br", "gzip"]) : sample.encoding}`,
    isChunked ? "transfer-encoding: chunked" : `content-length: ${length}`,
    "connection: close",
    "\r\n",
  ].join("\r\n");
  const payload = isChunked
    ? Buffer.concat([
        Buffer.from(`${body.length.toString(16)}\r\n`),
        body,
        Buffer.from("\r\n0\r\n\r\n"),
      ])
    : body;
  const damagedHead = mutator.oncePer(3) ? mutator.damage(Buffer.from(head)) : Buffer.from(head);
  return Buffer.concat([damagedHead, payload]);
}

/** Writes bytes to a socket, ends it, and resolves to everything that came back. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error("no answer and no close in time"));
    }, ANSWER_TIMEOUT_MS);
    let text = "";
    socket.on("data", (chunk) => (text += chunk.toString("latin1")));
    socket.on("error", () => undefined); // a reset is an answer, too; the close follows
    socket.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
    socket.end(bytes);
  });
}

/** The last status line of an answer, and what is wrong with it. */
function judge(answer: string): { status: string; problems: string[] } {
  const codes = [...answer.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].map(([, code]) => Number(code));
  const problems = codes
    .filter((code) => !STATUSES.has(code))
    .map((code) => `status ${code} is not one for a bad request`);
  if (STACK_TRACE.test(answer)) problems.push(`a stack trace: ${answer}`);
  const [head = "", body = ""] = answer.split("\r\n\r\n", 2);
  const isRefusal = head.startsWith("HTTP/1.1 4") || head.startsWith("HTTP/1.1 5");
  if (isRefusal && body.length < REASON_BYTES_MIN) problems.push(`no reason: ${answer}`);
  return { status: String(codes.at(-1) ?? "closed"), problems };
}

async function start(dataDir: string): Promise<ChildCollector> {
  const child = await startChild({
    LENSAI_DATA_DIR: dataDir,
    // Long enough that everything accepted is still in the log when the process is killed.
    LENSAI_LANDING_INTERVAL_MS: "600000",
    LENSAI_WAL_SEGMENT_BYTES: String(64 * 1024 * 1024),
  });
  onTestFinished(async () => {
    if (child.isRunning()) await child.end("SIGKILL");
  });
  return child;
}

/** Still there, still accepting, nothing failed inside; and what it accepted can be read back after a crash. */
async function expectSound(child: ChildCollector, dataDir: string): Promise<void> {
  const body = tracesOf([999_999]);
  const headers = { "content-type": "application/x-protobuf" };
  expect((await child.send({ headers, body })).status).toBe(200);
  expect(child.isRunning()).toBe(true);
  expect(child.output()).not.toContain("request failed");
  await child.end("SIGKILL");
  const next = await start(dataDir);
  await expect
    .poll(async () => (await next.stats()).pipeline.landing.landedRows, { timeout: 60_000 })
    .toBeGreaterThan(0);
  await next.landed();
  const { landing } = (await next.stats()).pipeline;
  expect(landing).toMatchObject({ undecodableRecords: 0, rowDifferences: 0, damagedRanges: 0 });
}

/** Runs as many exchanges as fit in the time; answers how many. */
async function fuzz(run: (mutator: Mutator) => Promise<void>): Promise<number> {
  const endMs = Date.now() + FUZZ_MS;
  let count = 0;
  const client = async (number: number): Promise<void> => {
    const mutator = new Mutator(seed + number);
    for (; Date.now() < endMs; count += 1) await run(mutator);
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  return count;
}

test(
  `damaged HTTP requests get an honest answer and do no harm (seed ${seed})`,
  async ({ annotate }) => {
    const dataDir = path.join(await testFolder(), "data");
    const child = await start(dataDir);
    const all = samples();
    const statuses = new Map<string, number>();
    const count = await fuzz(async (mutator) => {
      const answer = await exchange(child.httpPort, httpRequest(mutator, mutator.oneOf(all)));
      const { status, problems } = judge(answer);
      expect(problems).toEqual([]);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
    await annotate(`${count} requests: ${JSON.stringify(Object.fromEntries(statuses))}`);
    expect(statuses.get("200")).toBeGreaterThan(0);
    expect(statuses.get("400")).toBeGreaterThan(0);
    await expectSound(child, dataDir);
  },
  TEST_TIMEOUT_MS,
);

interface GrpcOutcome {
  readonly status: string;
  readonly message: string;
}

async function grpcExchange(
  session: http2.ClientHttp2Session,
  mutator: Mutator,
  sample: Sample,
): Promise<GrpcOutcome> {
  const isGzip = sample.encoding === "gzip";
  const body = mutator.oncePer(3) ? sample.body : mutator.damage(sample.body);
  const prefix = Buffer.alloc(5);
  prefix[0] = mutator.oncePer(15) ? mutator.below(256) : Number(isGzip);
  prefix.writeUInt32BE(mutator.oncePer(15) ? mutator.below(2 * body.length + 1) : body.length, 1);
  const service = mutator.oncePer(15) ? "opentelemetry.None" : GRPC_SERVICES[sample.signal];
  const stream = session.request({
    ":method": "POST",
    ":path": `/${service}/Export`,
    "content-type": mutator.oncePer(20) ? "text/plain" : "application/grpc",
    te: "trailers",
    "grpc-encoding": mutator.oncePer(15)
      ? mutator.oneOf(["snappy", "deflate", "?"])
      : sample.encoding,
    ...(mutator.oncePer(10) && {
      authorization: `Bearer ${mutator.damage(Buffer.from("key")).toString("hex")}`,
    }),
    ...(mutator.oncePer(10) && { "grpc-timeout": mutator.oneOf(["1n", "x", "99999999H", "-1S"]) }),
  });
  const found: http2.IncomingHttpHeaders = {};
  stream.on("response", (headers) => Object.assign(found, headers));
  stream.on("trailers", (headers) => Object.assign(found, headers));
  stream.on("error", () => undefined); // a reset stream closes, which is what is waited for
  stream.setTimeout(ANSWER_TIMEOUT_MS, () => stream.destroy(new Error("no answer in time")));
  stream.resume();
  stream.end(Buffer.concat([prefix, body]));
  await once(stream, "close");
  const { "grpc-status": status, "grpc-message": message } = found as Record<string, string>;
  return {
    status: status ?? `HTTP ${String(found[":status"] ?? "reset")}`,
    message: decodeURIComponent(message ?? ""),
  };
}

test(
  `damaged gRPC messages get an honest answer and do no harm (seed ${seed})`,
  async ({ annotate }) => {
    const dataDir = path.join(await testFolder(), "data");
    const child = await start(dataDir);
    const binary = samples().filter(({ contentType }) => contentType !== "application/json");
    const session = http2.connect(`http://127.0.0.1:${child.grpcPort}`);
    onTestFinished(() => session.destroy());
    const statuses = new Map<string, number>();
    const count = await fuzz(async (mutator) => {
      const sample = mutator.oneOf(binary as [Sample, ...Sample[]]);
      const { status, message } = await grpcExchange(session, mutator, sample);
      expect(message).not.toMatch(STACK_TRACE);
      expect(["2", "HTTP 500"]).not.toContain(status);
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    });
    await annotate(`${count} calls: ${JSON.stringify(Object.fromEntries(statuses))}`);
    expect(statuses.get("0")).toBeGreaterThan(0);
    expect(statuses.get("3")).toBeGreaterThan(0);
    await expectSound(child, dataDir);
  },
  TEST_TIMEOUT_MS,
);
