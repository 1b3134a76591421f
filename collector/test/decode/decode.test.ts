import { expect, test } from "vitest";
import { createDecoder } from "./decode.ts";
import { requestType } from "./oracle.ts";

const START = 1_795_400_000_000_000_000n;
const type = requestType("Trace");

type Value = string | number | boolean | readonly string[];

function anyValue(value: Value): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value !== "number") return { arrayValue: { values: value.map(anyValue) } };
  return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
}

const attributesOf = (values: Readonly<Record<string, Value>>): object[] =>
  Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));

function bodyOf(values: Readonly<Record<string, Value>>, span: object = {}): Uint8Array {
  const message = {
    traceId: Buffer.alloc(16, 1),
    spanId: Buffer.alloc(8, 2),
    name: "chat",
    startTimeUnixNano: START.toString(),
    endTimeUnixNano: (START + 5n).toString(),
    attributes: attributesOf(values),
    ...span,
  };
  return type
    .encode(type.fromObject({ resourceSpans: [{ scopeSpans: [{ spans: [message] }] }] }))
    .finish();
}

const decode = createDecoder();
const rowOf = (values: Readonly<Record<string, Value>>, span: object = {}) =>
  decode(bodyOf(values, span)).rows[0];

const CALL = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o",
  "gen_ai.usage.input_tokens": 1000,
  "gen_ai.usage.output_tokens": 100,
} as const;

test.each([
  [
    "1",
    {
      "gen_ai.system": "openai",
      "gen_ai.usage.prompt_tokens": 1000,
      "gen_ai.usage.completion_tokens": 100,
    },
  ],
  [
    "2",
    {
      "gen_ai.provider.name": "openai",
      "gen_ai.usage.input_tokens": 1000,
      "gen_ai.usage.output_tokens": 100,
    },
  ],
])("generation %s of the conventions fills the same columns", (_generation, values) => {
  const row = rowOf({
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    ...values,
  });
  expect(row).toMatchObject({
    dialect: "otel-gen-ai",
    call_role: "inference",
    provider: "openai",
    input_tokens: 1000n,
    output_tokens: 100n,
    usage_source: "reported",
    cost_nano_usd: 3_500_000n,
    billed: true,
    bill_rule: "call",
  });
});

test.each([
  ["gen_ai.usage.cache_write.input_tokens"],
  ["gen_ai.usage.cache_creation.input_tokens"],
])("cache writes are a part of the input, as %s", (name) => {
  const row = rowOf({
    ...CALL,
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
    [name]: 400,
  });
  expect(row).toMatchObject({
    input_tokens: 1000n,
    input_uncached_tokens: 600n,
    cache_write_5m_tokens: 400n,
  });
  // $3, $3.75 and $15 per million: 600 x 3000 + 400 x 3750 + 100 x 15000 nano-USD
  expect(row?.["cost_nano_usd"]).toBe(4_800_000n);
});

test("the newest name of a field wins and the other stays among the attributes", () => {
  const row = rowOf({ ...CALL, "session.id": "s", "gen_ai.conversation.id": "c" });
  expect(row?.["session_id"]).toBe("c");
  expect(JSON.parse(String(row?.["attributes"]))).toMatchObject({ "session.id": "s" });
});

test("numbers sent as strings or doubles are numbers", () => {
  const row = rowOf({
    ...CALL,
    "gen_ai.usage.input_tokens": "1000",
    "gen_ai.response.time_to_first_chunk": "0.25",
  });
  expect(row).toMatchObject({ input_tokens: 1000n, ttft_ns: 250_000_000n });
});

test("an unknown model has no cost, and never a cost of 0", () => {
  expect(rowOf({ ...CALL, "gen_ai.request.model": "no-such-model" })).toMatchObject({
    cost_nano_usd: null,
    price_version: null,
    billed: true,
  });
});

test("where the answering model is not in the book, the model asked for prices the call", () => {
  const row = rowOf({ ...CALL, "gen_ai.response.model": "gpt-4o-internal-build" });
  expect(row).toMatchObject({ response_model: "gpt-4o-internal-build", cost_nano_usd: 3_500_000n });
});

test("an answered call without usage misses it, and costs an unknown amount", () => {
  const { "gen_ai.usage.input_tokens": _in, "gen_ai.usage.output_tokens": _out, ...rest } = CALL;
  expect(rowOf(rest)).toMatchObject({
    usage_source: "missing",
    input_tokens: null,
    cost_nano_usd: null,
    billed: true,
  });
});

test("a failed call without usage is an attempt, not spend", () => {
  const { "gen_ai.usage.input_tokens": _in, "gen_ai.usage.output_tokens": _out, ...rest } = CALL;
  const row = rowOf(
    { ...rest, "error.type": "429" },
    { status: { code: 2, message: "slow down" } },
  );
  expect(row).toMatchObject({
    billed: false,
    bill_rule: "failed",
    status: "error",
    error_type: "429",
    cost_nano_usd: null,
  });
});

test("an agent's sum of its calls has a price to compare with, and no verdict by itself", () => {
  const row = rowOf({ ...CALL, "gen_ai.operation.name": "invoke_agent" });
  expect(row).toMatchObject({
    call_role: "agent",
    input_tokens: 1000n,
    billed: null,
    bill_rule: null,
    cost_nano_usd: rowOf(CALL)?.["cost_nano_usd"],
  });
});

test("provider spellings become the canonical one and stay as sent among the attributes", () => {
  const row = rowOf({ ...CALL, "gen_ai.provider.name": "az.ai.openai" });
  expect(row?.["provider"]).toBe("azure.ai.openai");
  expect(JSON.parse(String(row?.["attributes"]))).toMatchObject({
    "gen_ai.provider.name": "az.ai.openai",
  });
});

test("counts that contradict each other are flagged", () => {
  const row = rowOf({ ...CALL, "gen_ai.usage.output_tokens": -4 });
  expect(JSON.parse(String(row?.["attributes"]))).toMatchObject({
    "lensai.ingest.flags": ["usage_invalid"],
  });
  expect(row).toMatchObject({ output_tokens: null, cost_nano_usd: null });
});

test("messages go to the content columns, as text or structured", () => {
  const asText = rowOf({ ...CALL, "gen_ai.input.messages": '[{"role":"user"}]' });
  const structured = rowOf({ ...CALL, "gen_ai.input.messages": ["a", "b"] });
  expect(asText?.["input_messages"]).toBe('[{"role":"user"}]');
  expect(structured?.["input_messages"]).toBe('["a","b"]');
});

test("a project that keeps no content has it neither in the row nor in the body that is logged", () => {
  const body = bodyOf({
    ...CALL,
    "gen_ai.input.messages": "harmless words",
    "gen_ai.output.messages": ["more words"],
  });
  const decoded = decode(body, { keepsContent: false });
  expect(decoded.rows[0]).toMatchObject({ input_messages: null, output_messages: null });
  expect(Buffer.from(decoded.body).toString("latin1")).not.toContain("words");
  expect(decoded.result.isAltered).toBe(true);
});

test.each([
  ["a copy of a span that is open", { "logfire.span_type": "pending_span" }, {}],
  ["a span without an id", {}, { spanId: Buffer.alloc(0) }],
])("%s makes no row, and nothing of its messages is logged", (_, more, span) => {
  const messages = ["mail alice@example.com", "harmless words"];
  const body = bodyOf({ ...CALL, ...more, "gen_ai.input.messages": messages }, span);
  for (const keepsContent of [true, false]) {
    const decoded = decode(body, { keepsContent });
    expect(decoded.rows).toEqual([]);
    const logged = Buffer.from(decoded.body).toString("latin1");
    expect(logged).not.toContain("alice");
    expect(logged.includes("words")).toBe(false);
  }
});

test("a project that keeps no content has of settings what is read of them, and no instructions", () => {
  const settings = JSON.stringify({ stream: true, system: "harmless words" });
  const body = bodyOf({ ...CALL, "llm.invocation_parameters": settings });
  const { rows, body: logged } = decode(body, { keepsContent: false });
  expect(rows[0]).toMatchObject({ streaming: true });
  expect(JSON.parse(rows[0]?.["attributes"] as string)).toMatchObject({
    "llm.invocation_parameters": { stream: true },
  });
  expect(Buffer.from(logged).toString("latin1")).not.toContain("words");
  const again = decode(logged, { keepsContent: false });
  expect(again.rows).toEqual(rows);
});

test("a project that keeps no content has the counts of prompts and completions as they were sent", () => {
  const sent = { "llm.token_count.prompt": "1117", "llm.cost.prompt": 0.25 };
  const { rows } = decode(bodyOf({ ...CALL, ...sent }), { keepsContent: false });
  expect(JSON.parse(rows[0]?.["attributes"] as string)).toMatchObject(sent);
});

test("a project that keeps no content has short words of errors, and no long ones", () => {
  const failed = (message: string) =>
    decode(bodyOf(CALL, { status: { code: 2, message } }), { keepsContent: false });
  expect(failed("socket hang up").rows[0]).toMatchObject({ status_message: "socket hang up" });
  const long = failed(`not JSON: ${"words ".repeat(40)}`);
  expect(long.rows[0]).toMatchObject({ status: "error", status_message: null });
  expect(Buffer.from(long.body).toString("latin1")).not.toContain("words");
  expect(decode(long.body, { keepsContent: false }).rows).toEqual(long.rows);
});

test("a project that keeps no content has nothing of events beyond the limit, and replays the same", () => {
  const events = Array.from({ length: 1025 }, () => ({
    name: "mlflow.chunk.item",
    attributes: attributesOf({ "mlflow.chunk.value": "harmless words" }),
  }));
  const { rows, body } = decode(bodyOf(CALL, { events }), { keepsContent: false });
  expect(Buffer.from(body).toString("latin1")).not.toContain("words");
  expect(decode(body, { keepsContent: false }).rows).toEqual(rows);
});

test("an exception event names the error type when no attribute does", () => {
  const events = [
    {
      name: "exception",
      timeUnixNano: "1",
      attributes: attributesOf({ "exception.type": "TimeoutError" }),
    },
  ];
  expect(rowOf(CALL, { events })?.["error_type"]).toBe("TimeoutError");
  expect(rowOf({ ...CALL, "error.type": "429" }, { events })?.["error_type"]).toBe("429");
});

test("nothing of a refused span is left in the row after it", () => {
  const good = {
    traceId: Buffer.alloc(16, 1),
    spanId: Buffer.alloc(8, 3),
    name: "good",
    startTimeUnixNano: START.toString(),
  };
  const events = [{ name: "exception", attributes: attributesOf({ "exception.type": "Leak" }) }];
  const bad = {
    traceId: Buffer.alloc(3, 1),
    name: "bad",
    attributes: attributesOf({ a: "leak" }),
    events,
  };
  const body = type
    .encode(type.fromObject({ resourceSpans: [{ scopeSpans: [{ spans: [bad, good] }] }] }))
    .finish();
  const { rows, result } = decode(body);
  expect(result).toMatchObject({ accepted: 1, rejected: 1 });
  expect(rows).toMatchObject([
    { span_name: "good", attributes: null, events: null, error_type: null },
  ]);
});

test("of equal attribute keys the last one stays, and the record says so", () => {
  const attributes = ["a", "b", "a", "a", "c"].map((key, value) => ({
    key,
    value: { intValue: value },
  }));
  const text = String(rowOf({}, { attributes })?.["attributes"]);
  expect(text.match(/"a":/g)).toHaveLength(1);
  expect(JSON.parse(text)).toEqual({ a: 3, b: 1, c: 4, "lensai.ingest.flags": ["duplicate_keys"] });
});

test("spans that are all refused are not taken for metrics", () => {
  const attributes = attributesOf({ a: "b" });
  const body = bodyOf(
    {},
    { traceId: Buffer.alloc(3, 1), startTimeUnixNano: 0, endTimeUnixNano: 0, attributes },
  );
  expect(decode(body).result).toMatchObject({ accepted: 0, rejected: 1 });
});
