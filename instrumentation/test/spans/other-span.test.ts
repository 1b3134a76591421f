import { context } from "@opentelemetry/api";
import type { Attributes, Span } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { hrTimeToNanoseconds } from "@opentelemetry/core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import type { Fetch } from "../../src/fetch/fetch-request.ts";
import { withSpanOf } from "../support/other-instrumentation.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

let provider: ProviderServer;
let spans: RecordedSpans;
let observed: Fetch;
beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());
beforeEach(async () => {
  provider = await startProviderServer();
  spans = recordSpans();
  observed = wrapFetch(fetch, { tracer: spans.tracer });
});
afterEach(() => provider.stop());

const CHAT = { model: "gpt-4o", messages: [] };
const USAGE = {
  prompt_tokens: 10,
  completion_tokens: 4,
  prompt_tokens_details: { cached_tokens: 6 },
};
const ANSWER = { id: "chatcmpl-1", choices: [{ index: 0, finish_reason: "stop" }], usage: USAGE };
const STREAM = [
  { id: "chatcmpl-1", choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] },
  { id: "chatcmpl-1", choices: [], usage: USAGE },
  "[DONE]",
].map(sse);

const post = (more: object = {}): Promise<Response> =>
  observed(`${provider.url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ ...CHAT, ...more }),
  });
const called = async (): Promise<unknown> => (await post()).json();
const inside = (attributes: Attributes, call: (span: Span) => Promise<unknown> = called) =>
  withSpanOf(spans.other, attributes, call);

const OTEL = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o" };

describe("a span of another instrumentation around a call", () => {
  test.each([
    ["OpenTelemetry", OTEL],
    ["OpenInference", { "openinference.span.kind": "LLM", "llm.model_name": "openai/gpt-4o" }],
    ["OpenLLMetry", { "llm.request.type": "chat", "gen_ai.system": "OpenAI" }],
    ["the AI SDK", { "ai.operationId": "ai.generateText.doGenerate", "ai.model.id": "gpt-4o" }],
    ["Langfuse", { "langfuse.observation.type": "generation" }],
  ])("in the words of %s gets what it lacks, and there is no second one", async (_, attributes) => {
    provider.answer = json(ANSWER);
    await inside({ ...attributes, "gen_ai.response.id": "its own" });
    const span = await spans.last();
    expect(span.name).toBe("other");
    expect(span.attributes).toMatchObject({
      ...attributes,
      "gen_ai.response.id": "its own",
      "gen_ai.response.finish_reasons": ["stop"],
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.cache_read.input_tokens": 6,
      "gen_ai.usage.output_tokens": 4,
      "lensai.enriched": true,
      "lensai.usage.input_tokens": 10,
      "lensai.usage.output_tokens": 4,
    });
  });

  test("keeps the counts that it has, beside those of the answer", async () => {
    provider.answer = json(ANSWER);
    await inside(OTEL, async (span) => {
      const response = await post();
      span.setAttribute("gen_ai.usage.input_tokens", 4);
      await response.json();
      span.setAttribute("gen_ai.usage.output_tokens", 99);
    });
    expect((await spans.last()).attributes).toMatchObject({
      "gen_ai.usage.input_tokens": 4,
      "gen_ai.usage.output_tokens": 99,
      "lensai.usage.input_tokens": 10,
      "lensai.usage.output_tokens": 4,
    });
  });

  test("gets the time to the first chunk of a stream", async () => {
    provider.answer = stream(STREAM);
    await inside(OTEL, async () => (await post({ stream: true })).text());
    const { attributes } = await spans.last();
    expect(attributes["gen_ai.response.time_to_first_chunk"]).toBeGreaterThan(0);
    expect(attributes["lensai.usage.input_tokens"]).toBe(10);
  });

  test("that has ended before a stream was read leaves the call to a span of ours", async () => {
    provider.answer = stream(STREAM);
    const response = await withSpanOf(spans.other, OTEL, () => post({ stream: true }));
    await response.text();
    const span = await spans.last(2);
    const [other] = spans.all();
    expect(other?.attributes).toEqual(OTEL);
    expect(span.name).toBe("chat gpt-4o");
    expect(span.attributes["gen_ai.usage.input_tokens"]).toBe(10);
    expect(span.parentSpanContext?.spanId).toBe(other?.spanContext().spanId);
    expect(hrTimeToNanoseconds(span.startTime)).toBeLessThanOrEqual(
      hrTimeToNanoseconds(other?.endTime ?? [0, 0]),
    );
  });

  test("is left alone when the stream broke off: such spans often never end", async () => {
    provider.answer = stream(STREAM.slice(0, 1), "cut");
    await inside(OTEL, async () => (await post({ stream: true })).text().catch(() => {}));
    const [span] = [await spans.last(2), spans.all()].flat();
    expect(spans.all().map(({ name }) => name)).toEqual(["chat gpt-4o", "other"]);
    expect(span?.attributes).not.toHaveProperty("lensai.enriched");
  });

  test("has the attempt that was answered; those that failed are spans below it", async () => {
    const answers = [json({}, 429), json(ANSWER)];
    provider.answer = (request, response) => answers.shift()?.(request, response);
    await inside(OTEL, async () => {
      await called();
      await called();
    });
    const other = await spans.last(2);
    const [failed] = spans.all();
    expect(failed?.attributes).toMatchObject({ "error.type": "429" });
    expect(failed?.parentSpanContext?.spanId).toBe(other.spanContext().spanId);
    expect(other.attributes).toMatchObject({
      "lensai.enriched": true,
      "http.request.resend_count": 1,
    });
    expect(other.links.map((link) => link.context.spanId)).toEqual([failed?.spanContext().spanId]);
  });

  test("is of one call: another one in it has a span of its own", async () => {
    provider.answer = json(ANSWER);
    await inside(OTEL, () => Promise.all([called(), called()]));
    const other = await spans.last(2);
    expect(
      spans
        .all()
        .map(({ name }) => name)
        .sort(),
    ).toEqual(["chat gpt-4o", "other"]);
    expect(other.attributes["lensai.usage.input_tokens"]).toBe(10);
  });

  test.each([
    ["of an agent", { "gen_ai.operation.name": "invoke_agent", "gen_ai.request.model": "gpt-4o" }],
    ["of a chain", { "openinference.span.kind": "CHAIN", "llm.model_name": "gpt-4o" }],
    ["of the AI SDK around its calls", { "ai.operationId": "ai.generateText" }],
    ["of a tool", { "traceloop.span.kind": "tool", "gen_ai.operation.name": "chat" }],
    ["of another model", { ...OTEL, "gen_ai.request.model": "claude-haiku-4-5" }],
    ["of another operation", { ...OTEL, "gen_ai.operation.name": "embeddings" }],
    ["of HTTP", { "http.request.method": "POST" }],
  ])("%s is not the call's", async (_, attributes) => {
    provider.answer = json(ANSWER);
    await inside(attributes);
    await spans.last(2);
    expect(spans.all().map(({ name }) => name)).toEqual(["chat gpt-4o", "other"]);
  });

  test("that is full of attributes leaves the call to a span of ours", async () => {
    provider.answer = json(ANSWER);
    const many = Object.fromEntries(Array.from({ length: 130 }, (__, at) => [`a.${at}`, at]));
    await inside({ ...OTEL, ...many });
    await spans.last(2);
    expect(spans.all()[0]?.name).toBe("chat gpt-4o");
  });
});
