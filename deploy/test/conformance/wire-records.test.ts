import { gzipSync } from "node:zlib";
import { otlpRoot } from "@lensai/collector/receiver/proto/otlp";
import { expect, test } from "vitest";
import type { Recorded } from "../../conformance/capture.ts";
import { wireRecords } from "../../conformance/wire-records.ts";

const recordedAs = (over: Partial<Recorded>): Recorded => ({
  file: "001.meta.json",
  transport: "http",
  signal: "traces",
  method: "POST",
  path: "/v1/traces",
  contentEncoding: null,
  headers: { "content-type": "application/json" },
  body: Buffer.alloc(0),
  ...over,
});

const ATTRIBUTES = [
  { key: "gen_ai.usage.input_tokens", value: { intValue: "12" } },
  { key: "llm.usage", value: { stringValue: '{"details":{"cached":"3"}}' } },
  { key: "gen_ai.request.max_tokens", value: { intValue: "500" } },
  { key: "server.port", value: { intValue: "443" } },
  { key: "gen_ai.response.id", value: { stringValue: "resp-1" } },
];
const span = (spanId: unknown) => ({
  spanId,
  startTimeUnixNano: "1790000000000000000",
  endTimeUnixNano: "1790000000050000000",
  attributes: ATTRIBUTES,
});
const requestOf = (spanId: unknown) => ({
  resourceSpans: [{ scopeSpans: [{ spans: [span(spanId)] }] }],
});

function protobufBody(): Buffer {
  const type = otlpRoot().lookupType("ExportTraceServiceRequest");
  return Buffer.from(type.encode(type.fromObject(requestOf([0xab, 0xcd]))).finish());
}

const EXPECTED = {
  spanId: "abcd",
  startMs: 1_790_000_000_000,
  endMs: 1_790_000_000_050,
  counts: [
    { key: "gen_ai.usage.input_tokens", count: 12 },
    { key: "llm.usage.details.cached", count: 3 },
  ],
};

test.each([
  ["JSON", recordedAs({ body: Buffer.from(JSON.stringify(requestOf("ABCD"))) })],
  [
    "gzip",
    recordedAs({
      contentEncoding: "gzip",
      body: gzipSync(JSON.stringify(requestOf("abcd"))),
    }),
  ],
  [
    "protobuf over gRPC",
    recordedAs({
      transport: "grpc",
      grpcCompressedFlag: 0,
      headers: { "content-type": "application/grpc" },
      body: protobufBody(),
    }),
  ],
])("counts of tokens are read from %s, through JSON text, and limits are none", (_, recorded) => {
  const [record] = wireRecords([recorded]);
  expect(record).toMatchObject(EXPECTED);
  expect(record?.texts).toContain("resp-1");
});

test("metrics sum up many calls and say nothing about one", () => {
  expect(wireRecords([recordedAs({ signal: "metrics" })])).toEqual([]);
});
