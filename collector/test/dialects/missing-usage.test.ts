import { describe, expect, test } from "vitest";
import { rowOf } from "./decode-record.ts";
import type { SentRecord, Value } from "./decode-record.ts";

const CHAT = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "openai",
  "gen_ai.request.model": "gpt-4o",
} as const;
const ERROR = { status: { code: 2 } } as const;

const exception = (type: string, message: string) => ({
  name: "exception",
  attributes: [
    { key: "exception.type", value: { stringValue: type } },
    { key: "exception.message", value: { stringValue: message } },
  ],
});

const chat = (attributes: Record<string, Value> = {}, rest: Partial<SentRecord> = {}) =>
  rowOf({ ...rest, attributes: { ...CHAT, ...attributes } });

describe("a call without usage says why, and costs nothing that is known", () => {
  const missing = {
    billed: true,
    usage_source: "missing",
    input_tokens: null,
    cost_nano_usd: null,
  };
  test.each([
    ["not sent", "not-sent", chat()],
    ["streamed", "stream-without-usage", chat({ "gen_ai.request.stream": true })],
    ["refused counts", "counts-refused", chat({ "gen_ai.usage.input_tokens": 10 ** 15 })],
    [
      "broken off after its first chunk",
      "cut-before-usage",
      chat(
        { "gen_ai.response.time_to_first_chunk": 0.2, "error.type": "Error" },
        { fields: ERROR },
      ),
    ],
    [
      "given up by its caller",
      "cut-before-usage",
      chat({ "error.type": "AbortError" }, { fields: ERROR }),
    ],
    [
      "given up by its reader, as a producer says that calls all errors by one name",
      "cut-before-usage",
      chat(
        {},
        {
          fields: {
            status: { code: 1 },
            events: [exception("Exception", "GeneratorExit()Traceback (most recent call last):")],
          },
        },
      ),
    ],
    [
      "cut by the network",
      "cut-before-usage",
      chat(
        { "error.type": "TypeError" },
        { fields: { status: { code: 2, message: "terminated" } } },
      ),
    ],
  ])("%s", (_, rule, row) => {
    expect(row).toMatchObject({ ...missing, usage_rule: rule });
  });
});

test("the error of a broken call is known where no content is kept, and what it says is not", () => {
  const thrown = exception("Exception", "GeneratorExit()Traceback: about Oslo");
  const row = chat({}, { keepsContent: false, fields: { events: [thrown] } });
  expect(row).toMatchObject({ billed: true, usage_rule: "cut-before-usage" });
  expect(row["events"]).not.toContain("GeneratorExit");
  expect(row["events"]).not.toContain("Oslo");
});

test("a call of which only the input is known misses its usage, and its cost is unknown", () => {
  const row = chat(
    { "gen_ai.usage.input_tokens": 5, "gen_ai.response.id": "msg_1" },
    { fields: ERROR },
  );
  expect(row).toMatchObject({
    billed: true,
    input_tokens: 5n,
    output_tokens: null,
    usage_source: "missing",
    usage_rule: "cut-before-usage",
    cost_nano_usd: null,
  });
});

test("a guess of what a broken stream put out is used and marked, and its cost with it", () => {
  const row = chat({
    "gen_ai.usage.input_tokens": 1000,
    "lensai.usage.source": "estimated",
    "lensai.usage.estimated_output_tokens": 100,
    "error.type": "AbortError",
  });
  expect(row).toMatchObject({
    billed: true,
    input_tokens: 1000n,
    output_tokens: 100n,
    usage_source: "estimated",
    usage_rule: "output-estimated",
    // $2.50 and $10 per million.
    cost_nano_usd: 3_500_000n,
  });
});

test("a guess without a known input is no usage", () => {
  const row = chat({ "lensai.usage.estimated_output_tokens": 100, "error.type": "AbortError" });
  expect(row).toMatchObject({ output_tokens: null, usage_source: "missing", cost_nano_usd: null });
});

test("an embedding has no output to miss", () => {
  const row = chat({ "gen_ai.operation.name": "embeddings", "gen_ai.usage.input_tokens": 5 });
  expect(row).toMatchObject({ usage_source: "reported" });
});

describe("a call that the provider refused is no spend", () => {
  const failed = { billed: false, bill_rule: "failed", usage_source: null };
  test.each([
    ["by its only finish reason", chat({ "gen_ai.response.finish_reasons": '["error"]' })],
    [
      "by the HTTP status, under an id that the client made up",
      chat(
        { "gen_ai.response.id": "chatcmpl-local", "http.response.status_code": 429 },
        { fields: ERROR },
      ),
    ],
    ["by its status", chat({ "error.type": "RateLimitError" }, { fields: ERROR })],
    [
      "never reached",
      chat(
        { "error.type": "TypeError" },
        { fields: { status: { code: 2, message: "fetch failed" } } },
      ),
    ],
    [
      "by an exception under a status that says nothing of it",
      chat(
        {},
        {
          fields: { status: { code: 1 }, events: [exception("RateLimitError", "refused 3")] },
        },
      ),
    ],
    [
      "by the dialect's own mark",
      rowOf({
        attributes: {
          "langfuse.observation.type": "generation",
          "langfuse.observation.model.name": "gpt-4o",
          "langfuse.observation.level": "ERROR",
        },
      }),
    ],
    [
      "by the name of its record",
      rowOf({
        signal: "logs",
        service: "claude-code",
        name: "api_error",
        attributes: { model: "claude-sonnet-4-5", request_id: "req_1", status_code: "529" },
      }),
    ],
  ])("%s", (_, row) => {
    expect(row).toMatchObject(failed);
  });

  test("an exception on the way does not undo an answer", () => {
    const row = chat(
      { "gen_ai.usage.input_tokens": 5 },
      { fields: { events: [exception("X", "x")] } },
    );
    expect(row).toMatchObject({ billed: true, input_tokens: 5n });
  });
});

test("a claim of no cost for tokens that were used is no claim", () => {
  const used = { "gen_ai.usage.input_tokens": 5, "gen_ai.usage.cost": 0 };
  expect(chat(used)).toMatchObject({ client_cost_nano_usd: null });
  expect(chat({ ...used, "gen_ai.usage.input_tokens": 0 })).toMatchObject({
    client_cost_nano_usd: 0n,
  });
});
