import { once } from "node:events";
import http2 from "node:http2";
import { LensError } from "@lensai/otel-config/errors";
import { afterAll, beforeAll, expect, test } from "vitest";
import { decodeWithOracle } from "../receiver/otlp-arbitrary.ts";
import { GRPC_SERVICES, call } from "./grpc-call.ts";
import { KEY, RecordingPipeline, startCollector, tracesProtobuf } from "./harness.ts";
import type { TestCollector } from "./harness.ts";

const LIMIT = 100_000;

const pipeline = new RecordingPipeline();
let target: TestCollector;
let keyed: TestCollector;

beforeAll(async () => {
  target = await startCollector({ config: { bodyBytesMax: LIMIT }, pipeline });
  keyed = await startCollector({ config: { keylessIsAllowed: false } });
});
afterAll(async () => {
  await target.stop();
  await keyed.stop();
});

test.each([false, true])(
  "G01 an export is answered with status 0 and an empty message (gzip: %s)",
  async (isGzip) => {
    const answer = await call(target, { message: tracesProtobuf(), isGzip });
    expect(answer).toEqual({
      status: 0,
      message: "OK",
      details: undefined,
      response: Buffer.alloc(0),
    });
    expect(Buffer.from(pipeline.requests.at(-1)?.body ?? [])).toEqual(tracesProtobuf());
    const wireEncoding = isGzip ? "gzip" : "identity";
    expect(pipeline.requests.at(-1)).toMatchObject({ wireEncoding, wireIsBody: true });
  },
);

test.each(Object.entries(GRPC_SERVICES))("G01 %s have their service", async (signal, service) => {
  expect((await call(target, { service, message: Buffer.alloc(0) })).status).toBe(0);
  expect(pipeline.requests.at(-1)?.signal).toBe(signal);
});

test("G01 rejected records are a partial success", async () => {
  const lossy = new RecordingPipeline();
  lossy.answer = () => ({ accepted: 0, rejected: 2, message: "no ids" });
  const collector = await startCollector({ pipeline: lossy });
  const { status, response } = await call(collector, { message: tracesProtobuf() });
  await collector.stop();
  expect(status).toBe(0);
  expect(decodeWithOracle("ExportTraceServiceResponse", response as Buffer)).toEqual({
    partialSuccess: { rejectedSpans: "2", errorMessage: "no ids" },
  });
});

/** A request of exactly this size: unknown field 15 as padding. */
function sized(sizeBytes: number): Buffer {
  const start = tracesProtobuf();
  const length = sizeBytes - start.length - 4;
  const head = [0x7a, (length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14];
  return Buffer.concat([start, Buffer.from(head), Buffer.alloc(length)]);
}

test.each([false, true])(
  "G02 one byte above the limit is RESOURCE_EXHAUSTED without RetryInfo (gzip: %s)",
  async (isGzip) => {
    expect((await call(target, { message: sized(LIMIT), isGzip })).status).toBe(0);
    const above = await call(target, { message: sized(LIMIT + 1), isGzip });
    expect(above.status).toBe(8);
    expect(JSON.stringify(above.details ?? {})).not.toContain("RetryInfo");
  },
);

const GZIP = { "grpc-encoding": "gzip" };

test("a message may be uncompressed in a call that names an encoding", async () => {
  expect((await call(target, { message: tracesProtobuf(), headers: GZIP })).status).toBe(0);
  expect(pipeline.requests.at(-1)).toMatchObject({ wireEncoding: "identity" });
});

test("an encoding that is not known is UNIMPLEMENTED, and bytes that are not of theirs INVALID_ARGUMENT", async () => {
  const message = tracesProtobuf();
  const unknown = { message, isMarked: true, headers: { "grpc-encoding": "snappy" } };
  expect(await call(target, unknown)).toMatchObject({
    status: 12,
    message: expect.stringContaining("send gzip") as string,
  });
  const damaged = await call(target, { message, isMarked: true, headers: GZIP });
  expect([damaged.status, damaged.message]).toEqual([3, expect.stringContaining("gzip: ")]);
});

test("G03 bytes that are no request are INVALID_ARGUMENT with BadRequest", async () => {
  const answer = await call(target, { message: Buffer.from("garbage") });
  expect(answer).toMatchObject({
    status: 3,
    details: {
      code: 3,
      details: [
        { typeUrl: "type.googleapis.com/google.rpc.ErrorInfo" },
        { typeUrl: "type.googleapis.com/google.rpc.BadRequest" },
      ],
    },
  });
});

test.each([
  { code: "ingest.rate_limited", retryAfterSeconds: 3, expected: "3" },
  { code: "ingest.storage_behind", retryAfterSeconds: 100, expected: "5" },
] as const)("G04 $code is UNAVAILABLE with RetryInfo", async (throttle) => {
  const { code, retryAfterSeconds, expected } = throttle;
  const busy = new RecordingPipeline();
  busy.answer = () => {
    throw new LensError(code, "later", { retryable: true, retryAfterSeconds });
  };
  const collector = await startCollector({ pipeline: busy });
  const { status, message, details } = await call(collector, { message: tracesProtobuf() });
  await collector.stop();
  expect([status, message, details?.["code"]]).toEqual([14, "later", 14]);
  const retryInfo = ((details?.["details"] ?? []) as { typeUrl: string; value: string }[]).find(
    ({ typeUrl }) => typeUrl === "type.googleapis.com/google.rpc.RetryInfo",
  );
  const bytes = Buffer.from(retryInfo?.value ?? "", "base64");
  expect(decodeWithOracle("google.rpc.RetryInfo", bytes)).toEqual({
    retryDelay: { seconds: expected },
  });
});

test("G05 profiles and unknown services are UNIMPLEMENTED", async () => {
  const service = "opentelemetry.proto.collector.profiles.v1development.ProfilesService";
  expect((await call(target, { service, message: Buffer.alloc(0) })).status).toBe(12);
});

test("G06 no key and a wrong key are UNAUTHENTICATED, a right one is not", async () => {
  const statuses: [Record<string, string>, number][] = [
    [{}, 16],
    [{ authorization: "Bearer wrong" }, 16],
    [{ authorization: `Bearer ${KEY}` }, 0],
    [{ "x-api-key": KEY }, 0],
  ];
  for (const [headers, status] of statuses) {
    expect((await call(keyed, { message: tracesProtobuf(), headers })).status).toBe(status);
  }
});

test("G06 without a key the answer comes before the message", async () => {
  const session = http2.connect(`http://127.0.0.1:${keyed.collector.grpcPort}`);
  const stream = session.request({
    ":method": "POST",
    ":path": `/${GRPC_SERVICES.traces}/Export`,
    "content-type": "application/grpc",
    te: "trailers",
  });
  // The first byte of a message, and no more: whoever waits for its end waits for ever.
  stream.write(Buffer.alloc(1));
  const [headers] = (await once(stream, "response")) as [http2.IncomingHttpHeaders];
  expect(headers["grpc-status"]).toBe("16");
  session.destroy();
});

test("H68 over gRPC: a stop finishes what is in flight", async () => {
  const slow = new RecordingPipeline();
  const collector = await startCollector({ pipeline: slow });
  const release = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  slow.answer = async () => {
    entered.resolve();
    await release.promise;
    return { accepted: 1, rejected: 0, message: undefined };
  };
  const inFlight = call(collector, { message: tracesProtobuf() });
  await entered.promise;
  const stopped = collector.stop();
  release.resolve();
  expect((await inFlight).status).toBe(0);
  await stopped;
});
