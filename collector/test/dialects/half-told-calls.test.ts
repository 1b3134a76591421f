import { describe, expect, test } from "vitest";
import { rowOf } from "./decode-record.ts";
import type { SentRecord, Value } from "./decode-record.ts";

/** Records that tell of a call only in part, or of something that only looks like one. */

const ERROR = { status: { code: 2 } } as const;
const LLM = {
  "openinference.span.kind": "LLM",
  "llm.model_name": "gpt-4o-mini",
  "llm.provider": "openai",
} as const;
const COUNTED = { "llm.token_count.prompt": 326, "llm.token_count.completion": 2 } as const;

const llm = (attributes: Record<string, Value>, rest: Partial<SentRecord> = {}) =>
  rowOf({ ...rest, attributes: { ...LLM, ...attributes } });

test("OpenInference's decisions are calls, with counts under names of their own", () => {
  const row = rowOf({
    attributes: {
      "openinference.span.kind": "DECISION",
      "decision.provider": "openai",
      "decision.request.model_name": "gpt-4o-mini",
      "decision.response.model_name": "gpt-4o-mini-2024-07-18",
      "decision.token_count.input": 1000,
      "decision.token_count.output": 100,
    },
  });
  expect(row).toMatchObject({
    call_role: "inference",
    dialect: "openinference",
    response_model: "gpt-4o-mini-2024-07-18",
    billed: true,
    // $0.15 and $0.60 per million.
    cost_nano_usd: 210_000n,
  });
});

describe("zeros", () => {
  const zeros = { "llm.token_count.prompt": 0, "llm.token_count.completion": 0 };

  test("are no counts of an answer that nothing says has ended", () => {
    expect(llm(zeros)).toMatchObject({
      billed: true,
      input_tokens: null,
      usage_source: "missing",
      cost_nano_usd: null,
    });
  });

  test("are the provider's word where the answer ended", () => {
    expect(llm({ ...zeros, "llm.finish_reason": "stop" })).toMatchObject({
      input_tokens: 0n,
      output_tokens: 0n,
      usage_source: "reported",
    });
  });

  test("an input of none beside an output was not counted, as of a stream without its first event", () => {
    const counts = { "llm.token_count.prompt": 0, "llm.token_count.completion": 122 };
    expect(llm({ ...counts, "llm.token_count.total": 122 })).toMatchObject({
      billed: true,
      input_tokens: null,
      input_uncached_tokens: null,
      output_tokens: 122n,
      usage_source: "missing",
      usage_rule: "counts-refused",
      cost_nano_usd: null,
    });
  });

  test("of a call that failed do not make it spend", () => {
    expect(llm(zeros, { fields: ERROR })).toMatchObject({ billed: false, bill_rule: "failed" });
  });
});

describe("counts of an answer that broke off", () => {
  test("are what had come by then", () => {
    expect(llm(COUNTED, { fields: ERROR })).toMatchObject({
      billed: true,
      input_tokens: 326n,
      output_tokens: 2n,
      usage_source: "estimated",
      usage_rule: "counted-until-cut",
    });
  });

  test("are all of them when the answer had ended before", () => {
    const row = llm({ ...COUNTED, "llm.finish_reason": "stop" }, { fields: ERROR });
    expect(row).toMatchObject({ usage_source: "reported" });
  });
});

const failed = (reason: string) => llm({ "llm.finish_reason": reason }, { fields: ERROR });

describe("a call that failed, whose answer has a reason why it ended", () => {
  test("was answered, and is charged for", () => {
    expect(failed("length")).toMatchObject({ billed: true, usage_source: "missing" });
  });

  test.each(["error", "unknown", "other"])("was not, when the reason is none: %s", (reason) => {
    expect(failed(reason)).toMatchObject({ billed: false, bill_rule: "failed" });
  });
});

const eventOf = (name: string) => ({ ...ERROR, events: [{ timeUnixNano: "1", name }] });

describe("a call that failed after a part of its answer", () => {
  test.each([
    "gen_ai.choice",
    "First Token Stream Event",
    "mlflow.chunk.item.0",
    "llm.content.completion.chunk",
  ])("is charged for: %s", (name) => {
    expect(llm({}, { fields: eventOf(name) })).toMatchObject({
      billed: true,
      usage_source: "missing",
      usage_rule: "cut-before-usage",
    });
  });

  test("is not when its events tell of something else", () => {
    expect(llm({}, { fields: eventOf("retry") })).toMatchObject({ bill_rule: "failed" });
  });
});

test("what LlamaIndex does before a call is none", () => {
  expect(llm({}, { name: "OpenAI._prepare_chat_with_tools" })).toMatchObject({
    call_role: "step",
    billed: null,
  });
  expect(llm({}, { name: "OpenAI.achat" })).toMatchObject({ call_role: "inference", billed: true });
});

const logfire = (attributes: Record<string, Value>, rest: Partial<SentRecord> = {}) =>
  rowOf({
    scope: "logfire.openai",
    ...rest,
    attributes: {
      "logfire.span_type": "span",
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "openai",
      "gen_ai.request.model": "gpt-4o-mini",
      ...attributes,
    },
  });

describe("Logfire tells a streamed call in two records", () => {
  const STEP = { call_role: "step", billed: null, usage_source: null };

  test("of which the first is its opening", () => {
    expect(logfire({ "gen_ai.response.model": "gpt-4o-mini" })).toMatchObject(STEP);
  });

  test.each([
    ["the second, whatever it counts", logfire({ "gen_ai.response.id": "chatcmpl-1" })],
    [
      "one that counts",
      logfire({ "gen_ai.usage.input_tokens": 9, "gen_ai.usage.output_tokens": 1 }),
    ],
    ["a span of another scope", logfire({}, { scope: "logfire.pydantic-ai" })],
  ])("and the call is %s", (_, row) => {
    expect(row).toMatchObject({ call_role: "inference", billed: true });
  });

  test("unless it failed", () => {
    expect(logfire({}, { fields: ERROR })).toMatchObject({ bill_rule: "failed" });
  });
});

const codex = (attributes: Record<string, Value>) =>
  rowOf({
    signal: "logs",
    service: "codex_exec",
    scope: "codex_otel.log_only",
    attributes: { "event.kind": "response.completed", model: "gpt-5-codex", ...attributes },
  });

describe("Codex tells of the end of an answer twice", () => {
  test("as of any event of the stream, which is not the call", () => {
    expect(codex({ duration_ms: "7" })).toMatchObject({ call_role: "step", billed: null });
  });

  test("and with the usage, which is", () => {
    const counts = { input_token_count: "313", output_token_count: "67", cached_token_count: 0 };
    const call = { call_role: "inference", billed: true, input_tokens: 313n, output_tokens: 67n };
    expect(codex(counts)).toMatchObject(call);
  });
});

test("an answer that the client could not use is charged for", () => {
  const row = llm({ "error.type": "AI_NoObjectGeneratedError" }, { fields: ERROR });
  expect(row).toMatchObject({ billed: true, usage_source: "missing" });
});

test("a model that answered was called, whatever else the record leaves out", () => {
  const model = { "gen_ai.request.model": "gpt-4o-mini" };
  expect(rowOf({ attributes: { ...model, "gen_ai.response.id": "chatcmpl-1" } })).toMatchObject({
    call_role: "inference",
    billed: true,
    usage_source: "missing",
  });
  expect(rowOf({ attributes: model })).toMatchObject({ call_role: "other", billed: null });
});

const ag2Usage = (kind: string) =>
  rowOf({
    scope: "opentelemetry.instrumentation.ag2",
    name: `record_usage ${kind}`,
    attributes: {
      "ag2.span.type": "usage",
      "ag2.usage.kind": kind,
      "gen_ai.response.model": "gpt-4o-mini",
      "gen_ai.provider.name": "openai",
      "gen_ai.usage.input_tokens": 1000,
      "gen_ai.usage.output_tokens": 100,
    },
  });

describe("AG2 says what a call used on a span of its own, too", () => {
  test.each(["model_call", "subtask"])("which is no call when it is of a %s", (kind) => {
    expect(ag2Usage(kind)).toMatchObject({ call_role: "other", billed: null });
  });

  test.each(["compaction", "aggregation", "of_its_own"])(
    "which is all there is of a %s",
    (kind) => {
      expect(ag2Usage(kind)).toMatchObject({ billed: true, cost_nano_usd: 210_000n });
    },
  );
});
