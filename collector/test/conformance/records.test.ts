import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ANY_VALUE_DEPTH_MAX } from "../../src/receiver/limits.ts";
import { encodeWithOracle } from "../receiver/otlp-arbitrary.ts";
import { JSON_TYPE, PROTOBUF, TRACE_ID, statusOf, tracesJson, tracesProtobuf } from "./harness.ts";
import type { TestRequest } from "./harness.ts";
import { attributesOf, isStoredAnywhere, startLandedCollector } from "./landed.ts";
import type { LandedCollector } from "./landed.ts";

let collector: LandedCollector;

beforeAll(async () => {
  collector = await startLandedCollector();
});
afterAll(() => collector.stop());

/** Every test sends spans of its own: what was seen before would be a duplicate. */
let nextId = 1;
const newSpanId = (): string => (nextId++).toString(16).padStart(16, "0");

const json = (...spans: readonly object[]): TestRequest => {
  const list = spans.map((span) => Object.assign({ spanId: newSpanId() }, span));
  return { headers: JSON_TYPE, body: tracesJson(...list) };
};

const protobuf = (span: object): TestRequest => ({
  headers: PROTOBUF,
  body: tracesProtobuf({ spanId: Buffer.from(newSpanId(), "hex"), ...span }),
});

const attribute = (value: unknown, key = "a"): object => ({ attributes: [{ key, value }] });

test("H35 valid spans land beside one without a trace id, which is counted and explained", async () => {
  const { response, rows } = await collector.exchange(json({}, {}, {}, { traceId: "" }));
  expect(response.status).toBe(200);
  expect(response.json()).toEqual({
    partialSuccess: { rejectedSpans: "1", errorMessage: expect.stringMatching(/trace/) as unknown },
  });
  expect(rows).toHaveLength(3);
});

test("H36 when every span is invalid the answer is still 200, with all of them rejected", async () => {
  const { response, rows } = await collector.exchange(json({ traceId: "" }, { spanId: "" }));
  expect([response.status, response.json()]).toEqual([
    200,
    { partialSuccess: expect.objectContaining({ rejectedSpans: "2" }) as unknown },
  ]);
  expect(rows).toEqual([]);
});

test.each([
  ["all zeros", { spanId: "0".repeat(16) }],
  ["7 bytes", { spanId: "ab".repeat(7) }],
  ["a 32-byte trace id", { traceId: "ab".repeat(32) }],
  ["an all-zero trace id", { traceId: "0".repeat(32) }],
])("H37 an id of %s is rejected and counted", async (_, span) => {
  const { response, rows } = await collector.exchange(json(span));
  expect(response.json()).toMatchObject({ partialSuccess: { rejectedSpans: "1" } });
  expect(rows).toEqual([]);
});

test("H38 upper-case ids are stored in lower case", async () => {
  const spanId = "00F067AA0BA902B7";
  const [row] = await collector.land(json({ traceId: TRACE_ID.toUpperCase(), spanId }));
  expect(row).toMatchObject({ trace_id: TRACE_ID, span_id: spanId.toLowerCase() });
});

test("H39 base64 ids are rejected with a hint", async () => {
  const { response, rows } = await collector.exchange(
    json({ traceId: "CvdlGRbNQ92ESOshHIAxnA==" }),
  );
  expect(response.json()).toEqual({
    partialSuccess: {
      rejectedSpans: "1",
      errorMessage: expect.stringContaining(
        "looks like base64: ids in OTLP/JSON are hex",
      ) as unknown,
    },
  });
  expect(rows).toEqual([]);
});

test("H40 enum names are read as their numbers", async () => {
  const status = { code: "STATUS_CODE_ERROR", message: "broken" };
  const [row] = await collector.land(json({ kind: "SPAN_KIND_CLIENT", status }));
  expect(row).toMatchObject({ span_kind: "client", status: "error", status_message: "broken" });
});

test("H41 snake_case keys are read", async () => {
  const span = {
    trace_id: TRACE_ID,
    span_id: newSpanId(),
    name: "snake",
    start_time_unix_nano: "1790000000000000001",
    end_time_unix_nano: "1790000000000000003",
  };
  const body = JSON.stringify({ resource_spans: [{ scope_spans: [{ spans: [span] }] }] });
  const [row] = await collector.land({ headers: JSON_TYPE, body });
  expect(row).toMatchObject({ span_name: "snake", duration_ns: 2n });
});

test("H42 unknown fields are ignored in both encodings", async () => {
  const unknown = Buffer.from([
    0xaa, 0x06, 3, 1, 2, 3, 0xb0, 0x06, 5, 0xb9, 0x06, 1, 2, 3, 4, 5, 6, 7, 8,
  ]);
  const body = Buffer.concat([Buffer.from(protobuf({}).body ?? ""), unknown]);
  const inJson = json({
    x: [{ y: 1 }],
    attributes: [{ key: "a", z: 1, value: { w: {}, intValue: 1 } }],
  });
  expect(await collector.land({ headers: PROTOBUF, body }, inJson)).toHaveLength(2);
});

test("H43 null stands for the default of every field", async () => {
  const span = { spanId: newSpanId(), traceId: TRACE_ID, name: null, status: null, links: null };
  const attributes = [
    { key: "a", value: null },
    { key: "b", value: {} },
  ];
  const scopeSpans = [
    { scope: null, spans: [{ ...span, attributes, startTimeUnixNano: "1790000000000000001" }] },
  ];
  const body = JSON.stringify({ resourceSpans: [{ resource: null, scopeSpans }] });
  const [row] = await collector.land({ headers: JSON_TYPE, body });
  expect(row).toMatchObject({ span_name: null, status: "unset" });
});

test("H44 integers are exact up to 64 bits when they come as text", async () => {
  const values = [7, "7", "9007199254740993", "-9223372036854775808"];
  const attributes = values.map((intValue, index) => ({ key: `k${index}`, value: { intValue } }));
  const [row] = await collector.land(json({ attributes }));
  expect(row?.["attributes"]).toBe(
    '{"k0":7,"k1":7,"k2":9007199254740993,"k3":-9223372036854775808}',
  );
});

test("H45 a start time given as a number is taken as the sender rounded it", async () => {
  const [row] = await collector.land(json({ startTimeUnixNano: 1.79e18 }));
  expect(row?.["start_unix_nano"]).toBe(1_790_000_000_000_000_000n);
});

test.each(["NaN", null, "Infinity", "-Infinity"])(
  "H46 the double %s is stored as null with a flag",
  async (doubleValue) => {
    const [row] = await collector.land(json(attribute({ doubleValue })));
    expect(attributesOf(row)).toEqual({ a: null, "lensai.ingest.flags": ["non_finite"] });
  },
);

test("H47 bytes are read from both base64 alphabets, padded or not", async () => {
  const attributes = ["+/8=", "-_8=", "-_8"].map((bytesValue, index) => ({
    key: `k${index}`,
    value: { bytesValue },
  }));
  const [row] = await collector.land(json({ attributes }));
  const { k0, k1, k2 } = attributesOf(row);
  expect(k0).toEqual(expect.any(String));
  expect([k1, k2]).toEqual([k0, k0]);
});

test("H48 nested, mixed and empty values are kept", async () => {
  let value: unknown = { arrayValue: { values: [{ intValue: 1 }, { stringValue: "s" }, {}] } };
  for (let level = 0; level < 20; level += 1) {
    value = { kvlistValue: { values: [{ key: "k", value }] } };
  }
  const [row] = await collector.land(json(attribute(value)));
  let kept = attributesOf(row)["a"];
  for (let level = 0; level < 20; level += 1) kept = (kept as Record<string, unknown>)["k"];
  expect(kept).toEqual([1, "s", null]);
});

const inside = (tag: number, bytes: Buffer): Buffer =>
  Buffer.concat([Buffer.from([tag]), varint(bytes.length), bytes]);

/** Protobuf of a span attribute whose value is `levels` lists deep. */
function nestedAttribute(levels: number): Buffer {
  // Of each level only its head, or every level would copy all that are in it.
  const parts: Buffer[] = [Buffer.from([0x18, 1])];
  let bytes = 2;
  for (let level = 1; level < levels; level += 1) {
    for (const tag of [0x0a, 0x2a]) {
      const head = Buffer.concat([Buffer.from([tag]), varint(bytes)]);
      parts.push(head);
      bytes += head.length;
    }
  }
  const value = Buffer.concat(parts.toReversed());
  const keyValue = Buffer.concat([Buffer.from([0x0a, 1, 0x61]), inside(0x12, value)]);
  const known = {
    traceId: Buffer.from(TRACE_ID, "hex"),
    spanId: Buffer.from(newSpanId(), "hex"),
    startTimeUnixNano: "1790000000000000001",
    endTimeUnixNano: "1790000000000000002",
  };
  const span = Buffer.concat([encodeWithOracle("Span", known), inside(0x4a, keyValue)]);
  return inside(0x0a, inside(0x12, inside(0x12, span)));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return Buffer.from([...bytes, rest]);
}

test("H49 protobuf values nested 10,000 deep are refused with 400", async () => {
  const { response, rows } = await collector.exchange({
    headers: PROTOBUF,
    body: nestedAttribute(10_000),
  });
  expect([response.status, rows]).toEqual([400, []]);
  expect(statusOf(response)["message"]).toMatch(/nested|deep/);
});

function nestedLists(levels: number): object {
  let value: unknown = { intValue: 1 };
  for (let level = 0; level < levels; level += 1) value = { arrayValue: { values: [value] } };
  return attribute(value);
}

const ofDepth = (levels: number): TestRequest[] => [
  { headers: PROTOBUF, body: nestedAttribute(levels + 1) },
  json(nestedLists(levels)),
];

test("H49 the same depth is kept in both encodings, and one level more refused", async () => {
  expect(await collector.land(...ofDepth(ANY_VALUE_DEPTH_MAX))).toHaveLength(2);
  for (const request of ofDepth(ANY_VALUE_DEPTH_MAX + 1)) {
    expect((await collector.target.send(request)).status).toBe(400);
  }
});

test("H51 more attributes and longer text than is kept are cut, counted and told", async () => {
  const attributes = Array.from({ length: 10_000 }, (_, index) => ({
    key: `k${index}`,
    value: { intValue: index },
  }));
  const many = await collector.exchange(json({ attributes, droppedAttributesCount: 5 }));
  expect(many.response.json()).toEqual({
    partialSuccess: { errorMessage: expect.stringMatching(/attributes/) as unknown },
  });
  expect(attributesOf(many.rows[0])["lensai.dropped_attributes_count"]).toBe(10_000 - 1024 + 5);
  const long = await collector.exchange(json(attribute({ stringValue: "é".repeat(2_500_000) })));
  expect(long.response.json()).toEqual({
    partialSuccess: { errorMessage: expect.any(String) as unknown },
  });
  const kept = attributesOf(long.rows[0]);
  expect(kept["lensai.ingest.flags"]).toEqual(["truncated"]);
  expect(kept["a"]).toMatch(/^é+$/);
  expect(Buffer.byteLength(kept["a"] as string)).toBeLessThanOrEqual(256 * 1024);
});

test("H52 the last of duplicate keys counts; __proto__ and constructor are ordinary keys", async () => {
  const keys = ["a", "a", "__proto__", "constructor"];
  const attributes = keys.map((key, index) => ({ key, value: { intValue: index } }));
  const [row] = await collector.land(json({ attributes }));
  const text = row?.["attributes"] as string;
  expect(JSON.parse(text)).toHaveProperty("a", 1);
  expect(text).toContain('"__proto__":2');
  expect(text).toContain('"constructor":3');
  expect({}).not.toHaveProperty("constructor", 3);
});

test("H53 invalid UTF-8 becomes U+FFFD", async () => {
  const valid = Buffer.from(protobuf({ name: "abXYcd" }).body ?? "");
  const at = valid.indexOf("XY");
  valid.set([0xff, 0xc3], at);
  const [row] = await collector.land({ headers: PROTOBUF, body: valid });
  expect(row?.["span_name"]).toMatch(/^ab\u{FFFD}{1,2}cd$/u);
});

describe("H54 a time that cannot be is kept and flagged", () => {
  const NANOS_PER_DAY = 86_400_000_000_000n;
  const today = new Date().toISOString().slice(0, 10);

  test("an end before the start gives a duration of 0", async () => {
    const [row] = await collector.land(json({ endTimeUnixNano: "1789999999000000000" }));
    expect(row?.["duration_ns"]).toBe(0n);
    expect(attributesOf(row)["lensai.ingest.flags"]).toEqual(["end_before_start"]);
  });

  test.each([
    ["0", 0n],
    ["1970", NANOS_PER_DAY],
    ["ten minutes ahead", BigInt(Date.now() + 600_000) * 1_000_000n],
    ["two years ago", BigInt(Date.now()) * 1_000_000n - 730n * NANOS_PER_DAY],
  ])("a start of %s is filed under the day it was received", async (_, nanos) => {
    const times = { startTimeUnixNano: String(nanos), endTimeUnixNano: String(nanos) };
    const before = new Set(await collector.spanFiles());
    const [row] = await collector.land(json(times));
    expect(row?.["start_unix_nano"]).toBe(nanos);
    expect(attributesOf(row)["lensai.ingest.flags"]).toEqual(["time_absurd"]);
    const files = (await collector.spanFiles()).filter((file) => !before.has(file));
    expect(files).toEqual([expect.stringContaining(`dt=${today}`)]);
  });
});

const LOG_CANARY = "canary-in-a-log-body";

const logs = (record: object): Buffer =>
  encodeWithOracle("ExportLogsServiceRequest", {
    resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }],
  });

test("H55 logs sent to /v1/traces are refused with a hint, and their text is nowhere", async () => {
  const record = {
    timeUnixNano: "1790000000000000001",
    severityNumber: 9,
    body: { stringValue: LOG_CANARY },
  };
  const { response, rows } = await collector.exchange({ headers: PROTOBUF, body: logs(record) });
  expect([response.status, statusOf(response)["message"]]).toEqual([
    400,
    expect.stringContaining("/v1/logs"),
  ]);
  expect(rows).toEqual([]);
  expect(await isStoredAnywhere(collector.dataDir, LOG_CANARY)).toBe(false);
  expect(collector.target.logLines.join("")).not.toContain(LOG_CANARY);
});

test("H56 metrics sent to /v1/traces are refused with a hint", async () => {
  const point = { timeUnixNano: "1790000000000000001", asInt: "5" };
  const body = encodeWithOracle("ExportMetricsServiceRequest", {
    resourceMetrics: [
      {
        scopeMetrics: [
          { metrics: [{ name: "gen_ai.x", unit: "1", sum: { dataPoints: [point] } }] },
        ],
      },
    ],
  });
  const { response, rows } = await collector.exchange({ headers: PROTOBUF, body });
  expect([response.status, statusOf(response)["message"]]).toEqual([
    400,
    expect.stringContaining("/v1/metrics"),
  ]);
  expect(rows).toEqual([]);
});

test("H57 a batch sent twice is stored once, also after a restart", async () => {
  const request = json({}, {});
  expect(await collector.land(request, request)).toHaveLength(2);
  await collector.restart();
  const { response, rows } = await collector.exchange(request);
  expect([response.status, response.body.toString(), rows]).toEqual([200, "{}", []]);
});

test("H57 a span that comes again in another batch is stored once", async () => {
  const spanId = newSpanId();
  const rows = await collector.land(json({ spanId }), json({ spanId }, {}));
  expect(rows).toHaveLength(2);
});

const SPAN_END = 1_790_000_001_000_000_001n;
const endingAt = (end: bigint, name: string, spanId: string): object => ({
  spanId,
  name,
  endTimeUnixNano: end.toString(),
});

test("H58 of a span that comes again before it has landed, the newest end wins", async () => {
  const spanId = newSpanId();
  const rows = await collector.land(
    json(
      endingAt(SPAN_END, "open", spanId),
      endingAt(SPAN_END + 9n, "ended", spanId),
      endingAt(SPAN_END + 5n, "late and older", spanId),
    ),
  );
  expect(rows.map((row) => row["span_name"])).toEqual(["ended"]);
  // The rows that it replaces are no loss: nobody has to look at the segment.
  expect(collector.conflicts).toBe(0);
});

test("H58 once a span has landed, the row in the lake stands", async () => {
  const spanId = newSpanId();
  expect(await collector.land(json(endingAt(SPAN_END, "first", spanId)))).toHaveLength(1);
  expect(await collector.land(json(endingAt(SPAN_END + 9n, "second", spanId)))).toEqual([]);
});

test("H58 the copy that some clients send of a span that is still open is not stored", async () => {
  const spanId = newSpanId();
  const attributes = [{ key: "logfire.span_type", value: { stringValue: "pending_span" } }];
  const rows = await collector.land(
    json({ spanId, name: "pending", attributes }),
    json({ spanId, name: "final" }),
  );
  expect(rows.map((row) => row["span_name"])).toEqual(["final"]);
});

test("H59 a child that arrives before its parent keeps the link to it", async () => {
  const parentSpanId = newSpanId();
  const rows = await collector.land(
    json({ name: "child", parentSpanId }),
    json({ name: "parent", spanId: parentSpanId }),
  );
  expect(new Map(rows.map((row) => [row["span_name"], row["parent_span_id"]]))).toEqual(
    new Map([
      ["child", parentSpanId],
      ["parent", null],
    ]),
  );
});

test("H60 each span gets the attributes of its own resource and scope", async () => {
  const resources = ["r1", "r2"].map((service) => ({
    resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
    scopeSpans: ["s1", "s2"].map((scope) => ({
      scope: { name: scope, version: `${service}-${scope}` },
      spans: [
        {
          traceId: TRACE_ID,
          spanId: newSpanId(),
          name: `${service}/${scope}`,
          startTimeUnixNano: "1790000000000000001",
        },
      ],
    })),
  }));
  const body = JSON.stringify({ resourceSpans: resources });
  const rows = await collector.land({ headers: JSON_TYPE, body });
  expect(rows).toHaveLength(4);
  for (const row of rows) {
    const [service, scope] = (row["span_name"] as string).split("/");
    expect(row).toMatchObject({
      service_name: service,
      scope_name: scope,
      scope_version: `${service}-${scope}`,
    });
  }
});

const landLog = (record: object) =>
  collector.land({
    path: "/v1/logs",
    headers: JSON_TYPE,
    body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
  });

describe("logs", () => {
  test("L01 a structured body is kept, and walked by redaction", async () => {
    const values = [{ key: "mail", value: { stringValue: "write to jane.doe@example.com" } }];
    const [row] = await landLog({
      eventName: "e1",
      timeUnixNano: "1790000000000000001",
      body: { kvlistValue: { values } },
    });
    expect(row).toMatchObject({ signal: "log", span_name: "e1", redaction_count: 1n });
    const events = JSON.parse(row?.["events"] as string) as { body: { mail: string } }[];
    expect(events[0]?.body.mail).toMatch(/^write to \[EMAIL\]\**$/);
    expect(await isStoredAnywhere(collector.dataDir, "jane.doe@example.com")).toBe(false);
  });

  test("L02 a log without ids is kept and belongs to no trace", async () => {
    const [row] = await landLog({ timeUnixNano: "1790000000000000002", eventName: "e2" });
    expect(row).toMatchObject({ trace_id: null, span_id: null, span_name: "e2" });
  });

  test("L02 ids that are invalid mean the same on a log", async () => {
    const [row] = await landLog({
      timeUnixNano: "1790000000000000003",
      traceId: "00",
      spanId: "zz",
    });
    expect(row).toMatchObject({ trace_id: null, span_id: null });
  });

  test("L03 without a time the observed time counts", async () => {
    const [row] = await landLog({ timeUnixNano: "0", observedTimeUnixNano: "1790000000000000005" });
    expect(row?.["start_unix_nano"]).toBe(1_790_000_000_000_000_005n);
  });

  test.each([
    ["the field", { eventName: "tool_result" }],
    ["event.name", { attributes: [{ key: "event.name", value: { stringValue: "tool_result" } }] }],
    ["event_name", { attributes: [{ key: "event_name", value: { stringValue: "tool_result" } }] }],
  ])("L04 the event name is read from %s", async (from, record) => {
    const body = { stringValue: from };
    const [row] = await landLog({ ...record, timeUnixNano: "1790000000000000006", body });
    expect(row?.["span_name"]).toBe("tool_result");
  });
});
