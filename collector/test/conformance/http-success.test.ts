import { randomBytes } from "node:crypto";
import zlib from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { SYNC_INFLATE_BYTES_MAX } from "../../src/receiver/limits.ts";
import {
  JSON_TYPE,
  PROTOBUF,
  RecordingPipeline,
  startCollector,
  tracesJson,
  tracesProtobuf,
} from "./harness.ts";
import type { TestCollector, TestRequest, TestResponse } from "./harness.ts";

const pipeline = new RecordingPipeline();
let target: TestCollector;

beforeAll(async () => {
  target = await startCollector({ pipeline });
});
afterAll(() => target.stop());

/** Sends, and expects a full success that reached the pipeline with one span. */
async function expectAccepted(request: TestRequest): Promise<TestResponse> {
  const before = pipeline.requests.length;
  const response = await target.send(request);
  expect([response.status, response.body.toString()]).toEqual([
    200,
    request.headers?.["content-type"]?.includes("json") === true ? "{}" : "",
  ]);
  expect(pipeline.requests).toHaveLength(before + 1);
  return response;
}

const isOneSpan = (body: Uint8Array | undefined): boolean =>
  Buffer.from(body ?? []).equals(tracesProtobuf());

test("H01 a protobuf export is answered 200 with an empty body of the same type", async () => {
  const response = await expectAccepted({ headers: PROTOBUF, body: tracesProtobuf() });
  expect(response.headers["content-type"]).toBe("application/x-protobuf");
  expect(pipeline.requests.at(-1)).toMatchObject({
    signal: "traces",
    wireEncoding: "identity",
    wireIsBody: true,
    projectId: "default",
    apiKeyId: undefined,
    content: "redacted",
  });
  expect(isOneSpan(pipeline.requests.at(-1)?.body)).toBe(true);
});

test("H02 a JSON export is answered 200 with {} and reaches the pipeline as protobuf", async () => {
  const response = await expectAccepted({ headers: JSON_TYPE, body: tracesJson() });
  expect(response.headers["content-type"]).toBe("application/json");
  expect(pipeline.requests.at(-1)?.wireIsBody).toBe(false);
  expect(isOneSpan(pipeline.requests.at(-1)?.body)).toBe(true);
});

test("H03 a content-type may have parameters", async () => {
  const headers = { "content-type": "Application/JSON; charset=utf-8" };
  const response = await target.send({ headers, body: tracesJson() });
  expect(response.status).toBe(200);
  expect(response.headers["content-type"]).toBe("application/json");
});

test("H04 a chunked gzip body without content-length is accepted", async () => {
  const body = zlib.gzipSync(tracesProtobuf());
  const headers = { ...PROTOBUF, "content-encoding": "gzip" };
  await expectAccepted({ headers, body, isChunked: true });
  expect(pipeline.requests.at(-1)).toMatchObject({ wireEncoding: "gzip", wireIsBody: true });
  expect(isOneSpan(pipeline.requests.at(-1)?.body)).toBe(true);
  expect(Buffer.from(pipeline.requests.at(-1)?.wire ?? [])).toEqual(body);
});

test.each([
  ["H05 gzip", "gzip", zlib.gzipSync],
  ["H05 x-gzip, its old name", "X-GZIP", zlib.gzipSync],
  ["H06 identity", "identity", (bytes: string) => Buffer.from(bytes)],
  ["H07 zstd", "zstd", (bytes: string) => zlib.zstdCompressSync(bytes)],
  ["H07 deflate", "deflate", zlib.deflateSync],
])("%s JSON is accepted", async (_, encoding, compress) => {
  const headers = { ...JSON_TYPE, "content-encoding": encoding };
  await expectAccepted({ headers, body: compress(tracesJson()) });
  expect(isOneSpan(pipeline.requests.at(-1)?.body)).toBe(true);
});

test("H07 a body of more than 1 MiB is inflated in the pool with the same result", async () => {
  const bytesValue = randomBytes(SYNC_INFLATE_BYTES_MAX);
  const span = { attributes: [{ key: "a", value: { bytesValue } }] };
  const body = tracesProtobuf(span);
  const compressed = {
    // Stored without compression, so that the wire is above the border too.
    gzip: zlib.gzipSync(body, { level: 0 }),
    deflate: zlib.deflateSync(body, { level: 0 }),
    zstd: zlib.zstdCompressSync(body),
  };
  for (const [encoding, wire] of Object.entries(compressed)) {
    const headers = { ...PROTOBUF, "content-encoding": encoding };
    expect(wire.length).toBeGreaterThan(SYNC_INFLATE_BYTES_MAX);
    await expectAccepted({ headers, body: wire });
    expect(Buffer.from(pipeline.requests.at(-1)?.body ?? [])).toEqual(body);
  }
});

test("H15 a zero-byte protobuf body is an empty request", async () => {
  await expectAccepted({ headers: PROTOBUF });
});

test("H15 a zero-byte body under gzip is an empty request", async () => {
  await expectAccepted({ headers: { ...PROTOBUF, "content-encoding": "gzip" } });
});

test.each([
  ["H16", "{}"],
  ["H16", `{"resourceSpans":[]}`],
  ["H17", `{"resourceSpans":[{}]}`],
  ["H17", `{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"s"}}]}]}`],
])("%s the empty envelope %s is accepted", async (_, body) => {
  await expectAccepted({ headers: JSON_TYPE, body });
});

test("H23 application/protobuf is accepted and answered as such", async () => {
  const headers = { "content-type": "application/protobuf" };
  const response = await expectAccepted({ headers, body: tracesProtobuf() });
  expect(response.headers["content-type"]).toBe("application/protobuf");
});

test.each([
  "/v1/traces/",
  "/otel/v1/traces",
  "/api/public/otel/v1/traces",
  "/v1/traces?x=1",
  "/a%20b/v1/traces/",
])("H29 %s is served", async (path) => {
  await expectAccepted({ path, headers: PROTOBUF, body: tracesProtobuf() });
});

test.each(["traces", "logs", "metrics"])(
  "H29 /v1/%s reaches the pipeline as that signal",
  async (signal) => {
    await expectAccepted({ path: `/v1/${signal}`, headers: PROTOBUF });
    expect(pipeline.requests.at(-1)?.signal).toBe(signal);
  },
);

test("H39 a base64 id reaches the pipeline with a hint", async () => {
  const body = tracesJson({ traceId: "CvdlGRbNQ92ESOshHIAxnA==" });
  await expectAccepted({ headers: JSON_TYPE, body });
  expect(pipeline.requests.at(-1)?.hints).toEqual([
    "a traceId looks like base64: ids in OTLP/JSON are hex",
  ]);
});

test("health and readiness answer on the OTLP port", async () => {
  const health = await target.send({ method: "GET", path: "/healthz" });
  expect([health.status, health.json()]).toEqual([200, { status: "ok" }]);
  const ready = await target.send({ method: "GET", path: "/readyz" });
  expect([ready.status, ready.json()]).toEqual([200, { status: "ready" }]);
});
