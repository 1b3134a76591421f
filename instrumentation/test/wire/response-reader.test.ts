import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normaliseUsage } from "@lensai/otel-config/usage/normalise-usage";
import { createNormalUsage } from "@lensai/otel-config/usage/usage";
import type { ResponseFacts } from "../../src/wire/response-facts.ts";
import { eventStreamMessage } from "../support/event-stream.ts";
import { callOf, factsOf, sse } from "../support/wire-call.ts";

const JSON_TYPE = { contentType: "application/json; charset=utf-8" };
const CHAT = callOf("https://api.openai.com/v1/chat/completions", { model: "m", messages: [] });
const RESPONSES = callOf("https://api.openai.com/v1/responses", { model: "m", input: "" });
const MESSAGES = callOf("https://api.anthropic.com/v1/messages", { model: "m", messages: [] });
const GEMINI = callOf(
  "https://generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent",
  { contents: [] },
);
const CONVERSE = callOf("https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/converse-stream", {
  messages: [],
});
const INVOKE = callOf(
  "https://bedrock-runtime.eu-west-1.amazonaws.com/model/anthropic.c/invoke-with-response-stream",
  { messages: [] },
);

const usageOf = ({ usage }: ResponseFacts) => normaliseUsage(usage, createNormalUsage());

const chatChunk = (delta: object, finish_reason: string | null = null, index = 0) => ({
  id: "chatcmpl-1",
  model: "gpt-4o-2024-08-06",
  service_tier: "default",
  choices: [{ index, delta, finish_reason }],
  usage: null,
});
const CHAT_USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 60 },
  completion_tokens_details: { reasoning_tokens: 8 },
};
const CHAT_STREAM = [
  chatChunk({ role: "assistant", content: "" }),
  chatChunk({ content: "Grüße, " }),
  chatChunk({ content: "Welt 🌍" }),
  chatChunk({}, "stop"),
  { id: "chatcmpl-1", model: "gpt-4o-2024-08-06", choices: [], usage: CHAT_USAGE },
  "[DONE]",
].map(sse);

describe("a body", () => {
  test("of OpenAI chat tells id, model, tier, finish reasons and usage", () => {
    const body = {
      id: "chatcmpl-1",
      model: "gpt-4o-2024-08-06",
      service_tier: "default",
      system_fingerprint: "fp_1",
      choices: [
        { index: 1, finish_reason: "length" },
        { index: 0, finish_reason: "stop" },
      ],
      usage: CHAT_USAGE,
    };
    const facts = factsOf(CHAT, [JSON.stringify(body)], JSON_TYPE);
    expect(facts).toMatchObject({
      id: "chatcmpl-1",
      model: "gpt-4o-2024-08-06",
      serviceTier: "default",
      systemFingerprint: "fp_1",
      finishReasons: ["stop", "length"],
      hasUsage: true,
      problem: undefined,
    });
    expect(usageOf(facts)).toMatchObject({ input: 100, cacheRead: 60, output: 20, reasoning: 8 });
  });

  test("of the responses API tells why an answer is incomplete", () => {
    const body = {
      id: "resp_1",
      status: "incomplete",
      incomplete_details: { reason: "max_output_tokens" },
      usage: { input_tokens: 5, output_tokens: 7, total_tokens: 12 },
    };
    const facts = factsOf(RESPONSES, [JSON.stringify(body)], JSON_TYPE);
    expect(facts).toMatchObject({ id: "resp_1", finishReasons: ["max_output_tokens"] });
  });

  test("of Gemini may be a list of answers", () => {
    const parts = [
      { responseId: "r", candidates: [{ index: 0 }] },
      {
        modelVersion: "gemini-2.5-pro",
        candidates: [{ index: 0, finishReason: "STOP" }],
        usageMetadata: { promptTokenCount: 9, candidatesTokenCount: 4, thoughtsTokenCount: 3 },
      },
    ];
    const facts = factsOf(GEMINI, [JSON.stringify(parts)], JSON_TYPE);
    expect(facts).toMatchObject({ id: "r", model: "gemini-2.5-pro", finishReasons: ["STOP"] });
    expect(usageOf(facts)).toMatchObject({ input: 9, output: 7, reasoning: 3 });
  });

  test.each(["", "not JSON", '{"usage":'])("that is %j is malformed", (text) => {
    expect(factsOf(CHAT, [text], JSON_TYPE)).toMatchObject({
      problem: "body_malformed",
      hasUsage: false,
    });
  });

  test.each([null, 3, "text", [], {}, { usage: [] }, { choices: {}, usage: "many" }])(
    "that is %j says nothing and breaks nothing",
    (body) => {
      const facts = factsOf(CHAT, [JSON.stringify(body)], JSON_TYPE);
      expect(facts).toMatchObject({ hasUsage: false, finishReasons: [], problem: undefined });
    },
  );

  test("that is too large to be kept is not read", () => {
    const megabyte = " ".repeat(1024 * 1024);
    const usage = JSON.stringify({ usage: CHAT_USAGE });
    const small = factsOf(CHAT, [usage, ...Array.from({ length: 15 }, () => megabyte)], JSON_TYPE);
    expect(small).toMatchObject({ hasUsage: true, problem: undefined });
    const large = factsOf(CHAT, [usage, ...Array.from({ length: 16 }, () => megabyte)], JSON_TYPE);
    expect(large).toMatchObject({ hasUsage: false, problem: "body_too_large" });
  });

  test("with a choice of an absurd index has no list of that length", () => {
    const body = { choices: [{ index: 4_000_000_000, finish_reason: "stop" }] };
    const facts = factsOf(CHAT, [JSON.stringify(body)], JSON_TYPE);
    expect(facts.finishReasons).toEqual([]);
  });
});

describe("a stream", () => {
  test("of OpenAI chat is read wherever its chunks end", () => {
    const bytes = new TextEncoder().encode(CHAT_STREAM.join(""));
    const whole = factsOf(CHAT, [bytes]);
    expect(whole).toMatchObject({ id: "chatcmpl-1", finishReasons: ["stop"], problem: undefined });
    expect(usageOf(whole)).toMatchObject({ input: 100, cacheRead: 60, output: 20, reasoning: 8 });
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 10 }), (places) => {
        const at = [0, ...places, bytes.length].toSorted((a, b) => a - b);
        const chunks = at.slice(1).map((end, index) => bytes.slice(at[index], end));
        expect(factsOf(CHAT, chunks)).toEqual(whole);
      }),
    );
  });

  test("of several choices has a finish reason for each, and an error for one that did not finish", () => {
    const events = [chatChunk({}, "length", 2), chatChunk({}, "stop", 0)];
    const facts = factsOf(CHAT, [...events, { choices: [], usage: CHAT_USAGE }].map(sse));
    expect(facts.finishReasons).toEqual(["stop", undefined, "length"]);
  });

  test("of the responses API has its facts in the last event", () => {
    const events = [
      { type: "response.created", response: { id: "resp_1", status: "in_progress", usage: null } },
      { type: "response.output_text.delta", delta: "words" },
      { type: "response.code_interpreter_call_code.done", code: "print(1)" },
      {
        type: "response.completed",
        response: {
          id: "resp_1",
          model: "gpt-5",
          status: "completed",
          usage: { input_tokens: 5, output_tokens: 7, total_tokens: 12 },
        },
      },
    ];
    const facts = factsOf(RESPONSES, events.map(sse));
    expect(facts).toMatchObject({
      id: "resp_1",
      model: "gpt-5",
      finishReasons: ["completed"],
      outputCharacters: 5,
      errorType: undefined,
      problem: undefined,
    });
  });

  const STARTED = {
    type: "message_start",
    message: {
      id: "msg_1",
      model: "claude-haiku-4-5-20251001",
      usage: {
        input_tokens: 30,
        cache_read_input_tokens: 1000,
        cache_creation_input_tokens: 300,
        cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
        output_tokens: 2,
      },
    },
  };
  const DELTA = { type: "content_block_delta", delta: { type: "text_delta", text: "Hello there" } };

  test("of Anthropic has its input in the first event and its output in the last", () => {
    const end = {
      type: "message_delta",
      delta: { stop_reason: "end_turn" },
      usage: { output_tokens: 40 },
    };
    const facts = factsOf(MESSAGES, [STARTED, DELTA, end, { type: "message_stop" }].map(sse));
    expect(facts).toMatchObject({ id: "msg_1", finishReasons: ["end_turn"], problem: undefined });
    expect(usageOf(facts)).toMatchObject({
      input: 1330,
      inputUncached: 30,
      cacheRead: 1000,
      cacheWrite5m: 200,
      cacheWrite1h: 100,
      output: 40,
    });
  });

  test("of Anthropic that breaks off knows its input, and how much text there was", () => {
    const facts = factsOf(MESSAGES, [STARTED, DELTA].map(sse), { end: "broken_off" });
    expect(facts).toMatchObject({
      hasUsage: true,
      outputCharacters: 11,
      problem: "stream_broken_off",
    });
  });

  test("that reports an error has its type", () => {
    const event = { type: "error", error: { type: "overloaded_error", message: "busy" } };
    const facts = factsOf(MESSAGES, [STARTED, event].map(sse));
    expect(facts).toMatchObject({ errorType: "overloaded_error", problem: undefined });
  });

  test("that ends without a finish reason broke off, though its connection did not", () => {
    expect(factsOf(CHAT, CHAT_STREAM.slice(0, 2)).problem).toBe("stream_broken_off");
  });

  test("that the caller leaves after the usage is whole, before it is not", () => {
    const end = { end: "broken_off" as const };
    expect(factsOf(CHAT, CHAT_STREAM.slice(0, 5), end).problem).toBeUndefined();
    expect(factsOf(CHAT, CHAT_STREAM.slice(0, 4), end).problem).toBe("stream_broken_off");
  });

  test("without usage that comes to its end is whole", () => {
    const facts = factsOf(CHAT, [...CHAT_STREAM.slice(0, 4), CHAT_STREAM[5] ?? ""]);
    expect(facts).toMatchObject({ hasUsage: false, problem: undefined });
  });

  test("with an event that is no JSON goes on", () => {
    const facts = factsOf(CHAT, [sse("{oops"), ...CHAT_STREAM]);
    expect(facts).toMatchObject({ hasUsage: true, problem: "body_malformed" });
  });

  const converse = [
    ["messageStart", { role: "assistant" }],
    ["contentBlockDelta", { delta: { text: "Hello" } }],
    ["messageStop", { stopReason: "end_turn" }],
    [
      "metadata",
      { usage: { inputTokens: 3, outputTokens: 9, totalTokens: 112, cacheReadInputTokens: 100 } },
    ],
  ].map(([type, payload]) => eventStreamMessage({ ":event-type": type as string }, payload));
  const BEDROCK_STREAM = { contentType: "application/vnd.amazon.eventstream" };

  test("of Bedrock is read wherever its chunks end", () => {
    const bytes = Buffer.concat(converse);
    const whole = factsOf(CONVERSE, [bytes], BEDROCK_STREAM);
    expect(whole).toMatchObject({
      finishReasons: ["end_turn"],
      outputCharacters: 5,
      problem: undefined,
    });
    expect(usageOf(whole)).toMatchObject({ input: 103, cacheRead: 100, output: 9 });
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 10 }), (places) => {
        const at = [0, ...places, bytes.length].toSorted((a, b) => a - b);
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
        expect(factsOf(CONVERSE, chunks, BEDROCK_STREAM)).toEqual(whole);
      }),
    );
  });

  test("of InvokeModel holds the events of the model's own provider", () => {
    const events = [
      STARTED,
      { type: "message_delta", delta: { stop_reason: "end_turn" }, usage: { output_tokens: 40 } },
    ].map((event) =>
      eventStreamMessage({ ":event-type": "chunk" }, { bytes: btoa(JSON.stringify(event)) }),
    );
    const facts = factsOf(INVOKE, events, BEDROCK_STREAM);
    expect(facts).toMatchObject({ id: "msg_1", finishReasons: ["end_turn"] });
    expect(usageOf(facts)).toMatchObject({ input: 1330, output: 40 });
  });

  test("of Bedrock that ends with an exception has its type", () => {
    const exception = eventStreamMessage({ ":exception-type": "throttlingException" }, {});
    expect(factsOf(CONVERSE, [exception], BEDROCK_STREAM).errorType).toBe("throttlingException");
  });

  test("of Bedrock with a length that cannot be is given up", () => {
    const bytes = converse.map((message) => message.slice());
    bytes[1]?.set([0xff, 0xff, 0xff, 0xff], 0);
    expect(factsOf(CONVERSE, bytes, BEDROCK_STREAM).problem).toBe("body_malformed");
  });

  test("of bytes of any kind breaks nothing", () => {
    const types = [BEDROCK_STREAM, JSON_TYPE, {}];
    fc.assert(
      fc.property(fc.array(fc.uint8Array()), fc.constantFrom(...types), (chunks, type) => {
        expect(factsOf(CONVERSE, chunks, type).hasUsage).toBe(false);
      }),
    );
  });
});
