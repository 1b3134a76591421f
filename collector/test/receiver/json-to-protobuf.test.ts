import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { LensError } from "@lensai/otel-config/errors";
import { ANY_VALUE_DEPTH_MAX, JSON_CONTAINERS_MAX } from "../../src/receiver/limits.ts";
import { transcodeJson } from "../../src/receiver/json-to-protobuf.ts";
import {
  arbitraryMessage,
  decodeWithOracle,
  encodeWithOracle,
  otlpJsonOf,
} from "./otlp-arbitrary.ts";

const MIB = 1024 * 1024;
const encode = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const transcode = (value: unknown) => transcodeJson("traces", encode(value), MIB);

interface DecodedSpan {
  readonly [name: string]: unknown;
  readonly attributes?: readonly { key: string; value?: Record<string, unknown> }[];
}

const inRequest = (span: unknown) => ({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });

function spanOf(body: Uint8Array): DecodedSpan {
  const request = decodeWithOracle("ExportTraceServiceRequest", body) as {
    resourceSpans: { scopeSpans: { spans: DecodedSpan[] }[] }[];
  };
  return request.resourceSpans[0]?.scopeSpans[0]?.spans[0] as DecodedSpan;
}

const transcodeSpan = (span: unknown): DecodedSpan => spanOf(transcode(inRequest(span)).body);
const valueOf = (value: unknown): unknown =>
  transcodeSpan({ attributes: [{ key: "a", value }] }).attributes?.[0]?.value;

describe("any OTLP message survives the way through OTLP/JSON", () => {
  const requests = [
    ["traces", "ExportTraceServiceRequest"],
    ["logs", "ExportLogsServiceRequest"],
    ["metrics", "ExportMetricsServiceRequest"],
  ] as const;
  test.each(requests)("%s", (signal, name) => {
    fc.assert(
      fc.property(arbitraryMessage(name), (message) => {
        const { body, hints } = transcodeJson(signal, encode(otlpJsonOf(message)), MIB);
        expect(decodeWithOracle(name, body)).toEqual(
          decodeWithOracle(name, encodeWithOracle(name, message)),
        );
        expect(hints).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });
});

function outcomeOf(request: unknown): string {
  try {
    transcode(request);
    return "transcoded";
  } catch (error) {
    return (error as LensError).code === "ingest.body_malformed" ? "refused" : "crashed";
  }
}

test("any JSON value is transcoded or refused with a LensError, and never crashes", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const span = { attributes: [{ key: "a", value }], kind: value, status: value };
      const requests = [{ resourceSpans: value }, inRequest(value), inRequest(span)];
      expect(requests.map(outcomeOf)).not.toContain("crashed");
    }),
  );
});

test("reads snake_case keys as camelCase", () => {
  const span = { trace_id: "0af7651916cd43dd8448eb211c80319c", start_time_unix_nano: "5" };
  const body = transcode({ resource_spans: [{ scope_spans: [{ spans: [span] }] }] }).body;
  expect(spanOf(body)).toMatchObject({
    traceId: Buffer.from(span.trace_id, "hex").toString("base64"),
    startTimeUnixNano: "5",
  });
});

test("reads hex ids in either case", () => {
  const upper = transcodeSpan({ traceId: "0AF7651916CD43DD8448EB211C80319C" });
  expect(upper).toEqual(transcodeSpan({ traceId: "0af7651916cd43dd8448eb211c80319c" }));
});

test.each([
  ["base64 of 16 bytes", "CvdlGRbNQ92ESOshHIAxnA==", "looks like base64"],
  ["16 characters that are not hex", "zzzzzzzzzzzzzzzz", "is not hex"],
  ["an odd number of digits", "0af76", "is not hex"],
])("keeps %s an invalid id and says so", (_, traceId, hint) => {
  const { body, hints } = transcode(inRequest({ traceId }));
  expect(spanOf(body)).toEqual({ traceId: Buffer.from([0]).toString("base64") });
  expect(hints).toEqual([expect.stringContaining(hint)]);
  expect(hints.join()).not.toContain(traceId);
});

test.each([
  ["a number", 42, "42"],
  ["a negative number", -42, "-42"],
  ["a decimal string above 2^53", "9007199254740993", "9007199254740993"],
  ["the largest int64", "9223372036854775807", "9223372036854775807"],
  ["the smallest int64", "-9223372036854775808", "-9223372036854775808"],
  ["a leaked Long", { low: -1, high: 0, unsigned: false }, "4294967295"],
  ["a negative leaked Long", { low: -2, high: -1 }, "-2"],
  ["an exponent", "1e3", "1000"],
  ["a number above 2^32", 2 ** 40, String(2 ** 40)],
])("reads an intValue given as %s", (_, intValue, expected) => {
  expect(valueOf({ intValue })).toEqual({ intValue: expected });
});

test("reads an intValue with a fraction as doubleValue and says so", () => {
  expect(valueOf({ intValue: 0.5 })).toEqual({ doubleValue: 0.5 });
  const { hints } = transcode(inRequest({ attributes: [{ key: "a", value: { intValue: 0.5 } }] }));
  expect(hints).toEqual(["an intValue holds a fraction: it was read as doubleValue"]);
});

test.each([
  ["null", null, "NaN"],
  ["NaN", "NaN", "NaN"],
  ["Infinity", "Infinity", "Infinity"],
  ["-Infinity", "-Infinity", "-Infinity"],
  ["a decimal string", "1.5", 1.5],
  ["an integer", 1, 1],
])("reads a doubleValue given as %s", (_, doubleValue, expected) => {
  expect(valueOf({ doubleValue })).toEqual({ doubleValue: expected });
});

test.each(["+/8=", "-_8=", "-_8", "+/8"])("reads the base64 alphabet of %s", (bytesValue) => {
  expect(valueOf({ bytesValue })).toEqual({ bytesValue: "+/8=" });
});

test("reads start times given as numbers, rounded as the sender rounded them", () => {
  expect(transcodeSpan({ startTimeUnixNano: 1.79e18 })).toEqual({
    startTimeUnixNano: "1790000000000000000",
  });
});

test("reads enum names, numbers and numeric strings", () => {
  expect(transcodeSpan({ kind: "SPAN_KIND_CLIENT" })).toEqual(transcodeSpan({ kind: 3 }));
  expect(transcodeSpan({ kind: "3" })).toEqual(transcodeSpan({ kind: 3 }));
  expect(transcodeSpan({ status: { code: "STATUS_CODE_ERROR" } })).toEqual(
    transcodeSpan({ status: { code: 2 } }),
  );
});

test("takes null for the default of any field", () => {
  const span = { name: null, attributes: null, status: null, links: [null], kind: null };
  expect(transcodeSpan(span)).toEqual({});
  expect(valueOf(null)).toBeUndefined();
  expect(valueOf({})).toEqual({});
  expect(valueOf({ arrayValue: { values: [null, { intValue: 1 }] } })).toEqual({
    arrayValue: { values: [{}, { intValue: "1" }] },
  });
});

test("ignores unknown keys, __proto__ and constructor included", () => {
  const json = Buffer.from(
    `{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"n","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},
      "attributes":[{"key":"__proto__","value":{"stringValue":"v"},"x":[[]]}]}]}]}],"y":{}}`,
  );
  expect(spanOf(transcodeJson("traces", json, MIB).body)).toEqual({
    name: "n",
    attributes: [{ key: "__proto__", value: { stringValue: "v" } }],
  });
  expect({}).not.toHaveProperty("polluted");
});

test("skips a byte order mark", () => {
  const json = Buffer.from(`\uFEFF{"resourceSpans":[]}`);
  expect(transcodeJson("traces", json, MIB).body).toHaveLength(0);
});

describe("refuses what is JSON but not OTLP/JSON, with a path and without the value", () => {
  test.each([
    ["a list", [], "the body is a list"],
    ["null", null, "the body is null"],
    [
      "attributes as an object",
      inRequest({ attributes: { a: 1 } }),
      "spans[0].attributes: must be a list such as",
    ],
    [
      "a bare attribute value",
      inRequest({ attributes: [{ key: "a", value: "canary" }] }),
      "attributes[0].value: must be an object such as",
    ],
    [
      "an object for text",
      inRequest({ name: { a: "canary" } }),
      "resourceSpans[0].scopeSpans[0].spans[0].name: must be text, not an object",
    ],
    [
      "text for an integer",
      inRequest({ startTimeUnixNano: "canary" }),
      "startTimeUnixNano: must be an integer",
    ],
    [
      "an integer beyond 64 bits",
      inRequest({ startTimeUnixNano: "99999999999999999999" }),
      "does not fit in 64 bits",
    ],
  ])("%s", (_, value, message) => {
    expect(() => transcode(value)).toThrow(message);
    expect(() => transcode(value)).not.toThrow("canary");
  });
});

test("does not quote invalid JSON back", () => {
  const broken = Buffer.from(`{"resourceSpans": canary`);
  expect(() => transcodeJson("traces", broken, MIB)).toThrow(/^the body is not valid JSON$/);
});

const nested = (levels: number): unknown => {
  let value: unknown = { intValue: 1 };
  for (let level = 1; level < levels; level += 1) value = { arrayValue: { values: [value] } };
  return value;
};

const attribute = (levels: number) =>
  inRequest({ attributes: [{ key: "a", value: nested(levels) }] });

test("accepts values nested to the limit and refuses one level more", () => {
  expect(transcode(attribute(ANY_VALUE_DEPTH_MAX + 1)).body.length).toBeGreaterThan(0);
  expect(() => transcode(attribute(ANY_VALUE_DEPTH_MAX + 2))).toThrow(
    "nested deeper than 64 levels",
  );
});

test("refuses a body whose protobuf form exceeds the limit", () => {
  const request = inRequest({ name: "n".repeat(1000) });
  expect(() => transcodeJson("traces", encode(request), 100)).toThrow(/larger than 100 bytes/);
});

const containersJson = (containers: number) =>
  Buffer.from(`{"x":[${"{},".repeat(containers - 3)}{}]}`);

test("accepts as many objects and lists as the limit and refuses one more", () => {
  expect(transcodeJson("traces", containersJson(JSON_CONTAINERS_MAX), MIB).body).toHaveLength(0);
  expect(() => transcodeJson("traces", containersJson(JSON_CONTAINERS_MAX + 1), MIB)).toThrow(
    /more than 2000000 objects and lists/,
  );
});
