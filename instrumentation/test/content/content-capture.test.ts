import type { Attributes } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createContentCapture } from "../../src/content/content-capture.ts";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import type { Fetch } from "../../src/fetch/fetch-request.ts";
import { eventStreamMessage } from "../support/event-stream.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

let provider: ProviderServer;
let spans: RecordedSpans;
let observed: Fetch;
beforeEach(async () => {
  provider = await startProviderServer();
  spans = recordSpans();
  observed = wrapFetch(fetch, { tracer: spans.tracer, content: createContentCapture() });
});
afterEach(() => provider.stop());

async function attributesOf(path: string, body: object, fetched = observed): Promise<Attributes> {
  const response = await fetched(`${provider.url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return (await spans.last()).attributes;
}

const read = (attributes: Attributes, name: string): unknown => {
  const value = attributes[`gen_ai.${name}`];
  return typeof value === "string" ? JSON.parse(value) : value;
};

const text = (content: string): object => ({ type: "text", content });
const weather = { type: "tool_call", id: "t1", name: "weather", arguments: { city: "Bern" } };

const CHAT = {
  model: "gpt-4o",
  messages: [
    { role: "system", content: "Be brief" },
    {
      role: "user",
      content: [
        { type: "text", text: "Look" },
        { type: "image_url", image_url: {} },
      ],
    },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: "t1", function: { name: "weather", arguments: '{"city":"Bern"}' } }],
    },
    { role: "tool", tool_call_id: "t1", content: "9 degrees" },
  ],
  tools: [{ type: "function", function: { name: "weather" } }],
};

test("nothing is captured unless somebody asks for it", async () => {
  provider.answer = json({ choices: [{ index: 0, message: { content: "Hello" } }] });
  const bare = wrapFetch(fetch, { tracer: spans.tracer });
  const attributes = await attributesOf("/v1/chat/completions", CHAT, bare);
  expect(JSON.stringify(attributes)).not.toMatch(/Be brief|Hello|weather/);
});

test("a request is told in the words of the conventions, its media only mentioned", async () => {
  provider.answer = json({
    choices: [{ index: 0, message: { content: "Cold" }, finish_reason: "stop" }],
  });
  const attributes = await attributesOf("/v1/chat/completions", CHAT);
  expect(read(attributes, "system_instructions")).toEqual([text("Be brief")]);
  expect(read(attributes, "input.messages")).toEqual([
    { role: "user", parts: [text("Look"), { type: "omitted", modality: "image" }] },
    { role: "assistant", parts: [weather] },
    { role: "tool", parts: [{ type: "tool_call_response", id: "t1", response: "9 degrees" }] },
  ]);
  expect(read(attributes, "tool.definitions")).toEqual(CHAT.tools);
  expect(read(attributes, "output.messages")).toEqual([
    { role: "assistant", parts: [text("Cold")], finish_reason: "stop" },
  ]);
});

test("secrets and personal data are masked before they leave the process", async () => {
  provider.answer = json({
    choices: [{ index: 0, message: { content: "Mail to ada@example.com" } }],
  });
  const question =
    "I am bob@example.com, my key is sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCD";
  const attributes = await attributesOf("/v1/chat/completions", {
    model: "gpt-4o",
    messages: [{ role: "user", content: question }],
  });
  expect(JSON.stringify(attributes)).not.toMatch(/ada@|bob@|abcdefghijklmnop/);
  expect(JSON.stringify(read(attributes, "input.messages"))).toContain("I am ");
});

const streamed = async (path: string, body: object, events: readonly unknown[]) => {
  provider.answer = stream(events.map(sse));
  return read(await attributesOf(path, body), "output.messages");
};

const chatChunk = (index: number, delta: object, finish_reason: string | null = null) => ({
  choices: [{ index, delta, finish_reason }],
});

const toolDelta = (more: object): object => ({ tool_calls: [{ index: 0, ...more }] });

const block = (index: number, content_block: object) => ({
  type: "content_block_start",
  index,
  content_block,
});

const grow = (index: number, delta: object) => ({ type: "content_block_delta", index, delta });

const candidate = (parts: object[]) => ({
  candidates: [{ index: 0, content: { role: "model", parts } }],
});

describe("a stream is put together", () => {
  test("of OpenAI's chat, choice by choice, with its tools", async () => {
    const messages = await streamed("/v1/chat/completions", { ...CHAT, stream: true, n: 2 }, [
      chatChunk(0, { role: "assistant", content: "" }),
      chatChunk(1, { content: "Let me" }),
      chatChunk(0, toolDelta({ id: "t1", function: { name: "weather", arguments: '{"city"' } })),
      chatChunk(1, { content: " see" }, "stop"),
      chatChunk(0, toolDelta({ function: { arguments: ':"Bern"}' } }), "tool_calls"),
      "[DONE]",
    ]);
    expect(messages).toEqual([
      { role: "assistant", parts: [weather], finish_reason: "tool_calls" },
      { role: "assistant", parts: [text("Let me see")], finish_reason: "stop" },
    ]);
  });

  test("of Anthropic, block by block", async () => {
    const body = {
      model: "claude-sonnet-4-5",
      max_tokens: 9,
      stream: true,
      messages: CHAT.messages,
    };
    const messages = await streamed("/v1/messages", body, [
      { type: "message_start", message: { id: "m1", content: [] } },
      block(0, { type: "thinking", thinking: "" }),
      grow(0, { type: "thinking_delta", thinking: "Hmm" }),
      block(1, { type: "text", text: "" }),
      grow(1, { type: "text_delta", text: "It is" }),
      grow(1, { type: "text_delta", text: " cold" }),
      block(2, { type: "tool_use", id: "t1", name: "weather", input: {} }),
      grow(2, { type: "input_json_delta", partial_json: '{"city":"Bern"}' }),
      { type: "message_delta", delta: { stop_reason: "tool_use" } },
      { type: "message_stop" },
    ]);
    const parts = [{ type: "reasoning", content: "Hmm" }, text("It is cold"), weather];
    expect(messages).toMatchObject([{ role: "assistant", parts }]);
  });

  test("of OpenAI's responses, from its last event", async () => {
    const output = [
      { type: "reasoning", summary: [{ type: "summary_text", text: "Hmm" }] },
      { type: "message", role: "assistant", content: [{ type: "output_text", text: "Cold" }] },
      { type: "function_call", call_id: "t1", name: "weather", arguments: '{"city":"Bern"}' },
    ];
    const body = { model: "gpt-5", input: "How is it?", instructions: "Be brief", stream: true };
    const messages = await streamed("/v1/responses", body, [
      { type: "response.created", response: { id: "r1", output: [] } },
      { type: "response.output_text.delta", output_index: 1, delta: "Co" },
      { type: "response.completed", response: { id: "r1", status: "completed", output } },
    ]);
    const parts = [{ type: "reasoning", content: "Hmm" }, text("Cold"), weather];
    expect(messages).toMatchObject([{ role: "assistant", parts }]);
  });

  test("of Gemini", async () => {
    const body = { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };
    const path = "/v1beta/models/gemini-2.5-flash:streamGenerateContent";
    const messages = await streamed(path, body, [
      candidate([{ text: "It is" }]),
      candidate([{ functionCall: { id: "t1", name: "weather", args: { city: "Bern" } } }]),
    ]);
    expect(messages).toMatchObject([{ parts: [text("It is"), weather] }]);
  });

  test("of Bedrock", async () => {
    const events = [
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: "It is" } }],
      ["contentBlockDelta", { contentBlockIndex: 0, delta: { text: " cold" } }],
      [
        "contentBlockStart",
        { contentBlockIndex: 1, start: { toolUse: { toolUseId: "t1", name: "weather" } } },
      ],
      [
        "contentBlockDelta",
        { contentBlockIndex: 1, delta: { toolUse: { input: '{"city":"Bern"}' } } },
      ],
      ["messageStop", { stopReason: "tool_use" }],
    ] as const;
    provider.answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
      for (const [type, payload] of events)
        response.write(eventStreamMessage({ ":event-type": type }, payload));
      response.end();
    };
    const body = {
      system: [{ text: "Be brief" }],
      messages: [{ role: "user", content: [{ text: "Hi" }] }],
    };
    const attributes = await attributesOf("/model/amazon.nova-lite-v1:0/converse-stream", body);
    expect(read(attributes, "system_instructions")).toEqual([text("Be brief")]);
    expect(read(attributes, "output.messages")).toMatchObject([
      { parts: [text("It is cold"), weather] },
    ]);
  });
});

test("content that makes no sense is left out, and the call is counted all the same", async () => {
  provider.answer = json({
    choices: [7, null, { index: -1, message: { content: [{ weather: "bad" }, 5] } }],
    usage: { prompt_tokens: 10, completion_tokens: 4 },
  });
  const attributes = await attributesOf("/v1/chat/completions", {
    model: "gpt-4o",
    messages: [4, null, { role: 5, content: { a: 1 } }, "Hi"],
  });
  expect(attributes["gen_ai.usage.input_tokens"]).toBe(10);
});

test("content that is longer than an export can hold is left out", async () => {
  provider.answer = json({ choices: [{ index: 0, message: { content: "Hello" } }] });
  const attributes = await attributesOf("/v1/chat/completions", {
    model: "gpt-4o",
    messages: [{ role: "user", content: "a".repeat(1_100_000) }],
  });
  expect(attributes["gen_ai.input.messages"]).toBeUndefined();
  expect(read(attributes, "output.messages")).toEqual([
    { role: "assistant", parts: [text("Hello")] },
  ]);
});
