import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { describe, expect, test } from "vitest";
import { Estimator } from "../../src/guard/estimator.ts";
import { modelOutputTokensMax } from "../../src/guard/model-output-max.ts";
import { requestSizeOf } from "../../src/guard/request-size.ts";
import { textTokensAtMost } from "../../src/wire/text-tokens.ts";
import type { WireCall } from "../../src/wire/recognise-call.ts";
import { callOf, factsOf } from "../support/wire-call.ts";

const OPENAI = "https://api.openai.com/v1/chat/completions";
const ANTHROPIC = "https://api.anthropic.com/v1/messages";
const nowMs = Date.parse("2026-11-24T12:00:00Z");
const estimator = new Estimator(createPriceBook());

function estimateOf(url: string, body: Record<string, unknown>, { isMetered = false } = {}) {
  const call = callOf(url, body) as WireCall;
  const size = requestSizeOf(call, body);
  return { size, estimate: estimator.estimate(call, size, { route: undefined, isMetered, nowMs }) };
}

const chat = (more: Record<string, unknown> = {}): Record<string, unknown> => ({
  model: "gpt-4o",
  max_tokens: 100,
  messages: [{ role: "user", content: "hello" }],
  ...more,
});

const WITHOUT_OUTPUT = chat({ max_tokens: 0 });
/** gpt-4o: $2.50 and $10 per million. */
const inputOf = (body: Record<string, unknown>): number => {
  const { textTokens, imageTokens, audioTokens } = estimateOf(OPENAI, body).size;
  return textTokens + imageTokens + audioTokens;
};

const cached = (cache?: Record<string, unknown>): Record<string, unknown> => ({
  model: "claude-sonnet-4-5",
  max_tokens: 0,
  messages: [
    {
      role: "user",
      content: [{ type: "text", text: "x ".repeat(1_000), ...(cache && { cache_control: cache }) }],
    },
  ],
});

describe("the estimate of a call", () => {
  test("is its input and all the output that it asks for, at the book's prices", () => {
    const { estimate } = estimateOf(OPENAI, chat());
    expect(estimate.amountNano).toBe(inputOf(chat()) * 2_500 + 100 * 10_000);
  });

  test("counts every answer that is asked for", () => {
    const once = estimateOf(OPENAI, chat()).estimate.amountNano as number;
    const base = estimateOf(OPENAI, WITHOUT_OUTPUT).estimate.amountNano as number;
    const thrice = estimateOf(OPENAI, chat({ n: 3 })).estimate.amountNano as number;
    expect(thrice - base).toBeGreaterThanOrEqual((once - base) * 3);
  });

  test("without a limit of its own is as long as the model's longest answer; a metered stream holds a slice", () => {
    const { max_tokens: _, ...open } = chat();
    expect(estimateOf(OPENAI, open).estimate.outputTokens).toBe(16_384);
    const metered = estimateOf(OPENAI, open, { isMetered: true }).estimate;
    expect(metered.outputTokens).toBe(2_048);
    expect(metered.outputTokensMax).toBe(16_384);
    expect(estimateOf(OPENAI, chat(), { isMetered: true }).estimate.outputTokens).toBe(100);
  });

  test("has the premium of what may be written to a cache", () => {
    const plain = estimateOf(ANTHROPIC, cached()).estimate.amountNano as number;
    const fiveMinutes = estimateOf(ANTHROPIC, cached({ type: "ephemeral" })).estimate
      .amountNano as number;
    const anHour = estimateOf(ANTHROPIC, cached({ type: "ephemeral", ttl: "1h" })).estimate
      .amountNano as number;
    expect(fiveMinutes / plain).toBeCloseTo(1.25, 1);
    expect(anHour / plain).toBeCloseTo(2, 1);
  });

  test("is in the tier of a long context from 200,001 tokens on, and in the service tier that was asked for", () => {
    const long = (words: number): number => {
      const request = {
        model: "claude-sonnet-4-5",
        max_tokens: 0,
        messages: [{ role: "user", content: "word ".repeat(words) }],
      };
      const { size, estimate } = estimateOf(ANTHROPIC, request);
      return (estimate.amountNano as number) / size.textTokens;
    };
    expect(long(1_000)).toBe(3_000);
    expect(long(200_000)).toBe(6_000);
    const flex = estimateOf(
      OPENAI,
      chat({ model: "o3", max_completion_tokens: 100, service_tier: "flex" }),
    );
    const standard = estimateOf(OPENAI, chat({ model: "o3", max_completion_tokens: 100 }));
    expect(flex.estimate.amountNano).toBeLessThan(standard.estimate.amountNano as number);
  });

  test("of a model that nobody knows is unknown, and as the dearest of its family where that is asked for", () => {
    const { estimate } = estimateOf(OPENAI, chat({ model: "gpt-99-turbo" }));
    expect(estimate.amountNano).toBeUndefined();
    expect(estimate.familyMaxNano()).toBeGreaterThan(100 * 10_000);
    const nobody = estimateOf("https://llm.example.com/v1/messages", {
      model: "zzz",
      max_tokens: 5,
      messages: [],
    });
    expect(nobody.estimate.amountNano).toBeUndefined();
  });

  test("has an upper bound for what cannot be read: images, files, stored conversations, the body itself", () => {
    const part = (content: unknown): number =>
      inputOf(chat({ messages: [{ role: "user", content: [content] }] }));
    const image = {
      type: "image_url",
      image_url: { url: `data:image/png;base64,${"A".repeat(500_000)}` },
    };
    expect(part(image)).toBeGreaterThanOrEqual(5_000);
    expect(part(image)).toBeLessThan(6_000);
    expect(part({ type: "file", file: { file_id: "file-1" } })).toBeGreaterThan(16_000);
    const audio = { type: "input_audio", input_audio: { format: "mp3", data: "A".repeat(50_000) } };
    expect(part(audio)).toBeGreaterThanOrEqual(400);
    const call = callOf(OPENAI, chat()) as WireCall;
    expect(requestSizeOf(call, undefined).textTokens).toBeGreaterThan(16_000);
    expect(requestSizeOf(call, undefined, 3_000_000).textTokens).toBeGreaterThanOrEqual(1_000_000);
    expect(requestSizeOf(call, undefined, 30_000_000).textTokens).toBeLessThan(2_100_000);
  });
});

test("how much output an amount pays for is exact to the token, and none where it does not pay for one", () => {
  const { estimate } = estimateOf(OPENAI, chat({ n: 2 }));
  const { quote } = estimate;
  const cost = (tokens: number): number => quote?.costNano(tokens) as number;
  for (const amount of [cost(1), cost(1) + 19_999, cost(77) + 1, cost(1_000_000)]) {
    const tokens = quote?.outputTokensFor(amount) as number;
    expect(cost(tokens)).toBeLessThanOrEqual(amount);
    expect(cost(tokens + 1)).toBeGreaterThan(amount);
  }
  for (const amount of [0, cost(0), cost(1) - 1]) {
    expect(quote?.outputTokensFor(amount)).toBeUndefined();
  }
});

test("a call is settled at the prices of the tier that served it, and of the one asked for where the answer names none", () => {
  const call = callOf(OPENAI, chat({ model: "o3" })) as WireCall;
  const costIn = (served: string | undefined, asked: string | undefined): number | undefined => {
    const answer = {
      model: "o3",
      choices: [{ index: 0, finish_reason: "stop", message: {} }],
      usage: { prompt_tokens: 1_000, completion_tokens: 10 },
      ...(served !== undefined && { service_tier: served }),
    };
    const facts = factsOf(call, [JSON.stringify(answer)], { contentType: "application/json" });
    return estimator.costOf(call, facts, { serviceTier: asked, startedMs: nowMs })?.spentNano;
  };
  // $2 and $8 per million tokens, in flex half of that.
  const standard = 1_000 * 2_000 + 10 * 8_000;
  expect(costIn(undefined, undefined)).toBe(standard);
  expect(costIn("default", "flex")).toBe(standard);
  expect(costIn("flex", undefined)).toBe(standard / 2);
  expect(costIn(undefined, "flex")).toBe(standard / 2);
});

test("a call is settled with the provider's counts; without them it is unknown", () => {
  const call = callOf(OPENAI, chat()) as WireCall;
  const answer = {
    id: "1",
    model: "gpt-4o-2024-08-06",
    choices: [{ index: 0, finish_reason: "stop", message: {} }],
    usage: { prompt_tokens: 1_000, completion_tokens: 10 },
  };
  const facts = (body: unknown) =>
    factsOf(call, [JSON.stringify(body)], { contentType: "application/json" });
  const asked = { serviceTier: undefined, startedMs: nowMs };
  const spentNano = 1_000 * 2_500 + 10 * 10_000;
  expect(estimator.costOf(call, facts(answer), asked)).toEqual({
    spentNano,
    atMostNano: spentNano,
  });
  const { usage: _, ...without } = answer;
  expect(estimator.costOf(call, facts(without), asked)).toBeUndefined();
});

test("streams hold what four of five answers of the model were no longer than, by route", () => {
  const learning = new Estimator(createPriceBook());
  for (let answer = 1; answer <= 100; answer += 1)
    learning.learn("gpt-4o", "/chat", {
      ...INPUT,
      outputTokens: answer > 81 ? 9_000 : 300,
      outputTokensAtMost: 0,
    });
  const call = callOf(OPENAI, chat({ max_tokens: 16_000 })) as WireCall;
  const size = requestSizeOf(call, chat({ max_tokens: 16_000 }));
  const on = (route: string): number =>
    learning.estimate(call, size, { route, isMetered: true, nowMs }).outputTokens;
  expect(on("/chat")).toBeGreaterThanOrEqual(300);
  expect(on("/chat")).toBeLessThanOrEqual(360);
  expect(on("/other")).toBe(2_048);
});

/** Half of the bound. */
const INPUT = { inputTokens: 5_000, inputTokensAtMost: 10_000 };

test("a stream is held to as much of its text's bound as those before it had at most, and a margin that their number narrows, by route", () => {
  const learning = new Estimator(createPriceBook());
  const learn = (route: string, outputTokens: number): void =>
    learning.learn("gpt-4o", route, { ...INPUT, outputTokens, outputTokensAtMost: 1_000 });
  const on = (route: string): number => learning.sharesAtMost("gpt-4o", route).output * 100;
  expect(on("/chat")).toBe(100);
  learn("/chat", 500);
  expect(on("/chat")).toBe(100);
  for (let answer = 0; answer < 9; answer += 1) learn("/chat", 400);
  expect(on("/chat")).toBeGreaterThan(50);
  expect(on("/chat")).toBeLessThan(50 * 1.2);
  expect(on("/other")).toBe(100);
  // Of reasoning that is not streamed, no text tells.
  for (let answer = 0; answer < 20; answer += 1) learn("/reasoning", 5_000);
  expect(on("/reasoning")).toBe(100);
});

test("texts that are alike say sooner how much of a bound is true at most; short ones say nothing", () => {
  const learning = new Estimator(createPriceBook());
  const learn = (inputTokens: number, inputTokensAtMost: number): void =>
    learning.learn("gpt-4o", undefined, {
      inputTokens,
      inputTokensAtMost,
      outputTokens: 10,
      outputTokensAtMost: 10,
    });
  const share = (): number => learning.sharesAtMost("gpt-4o", undefined).input;
  for (let call = 0; call < 2; call += 1) learn(400, 1_000);
  expect(share()).toBeCloseTo(0.8);
  learn(400, 1_000);
  expect(share()).toBeCloseTo(0.4);
  for (let call = 0; call < 6; call += 1) learn(420 + call, 1_000);
  expect(share()).toBeGreaterThan(0.425);
  expect(share()).toBeLessThan(0.5);
  expect(learning.sharesAtMost("gpt-4o", undefined).output).toBe(1);
});

test("what nobody has counted is expected to be what those before it were on average, by route", () => {
  const learning = new Estimator(createPriceBook());
  const learn = (outputTokens: number): void =>
    learning.learn("gpt-4o", "/chat", { ...INPUT, outputTokens, outputTokensAtMost: 4_000 });
  expect(learning.expectedShares("gpt-4o", "/chat")).toEqual({ input: 1, output: 1 });
  learn(2_000);
  expect(learning.expectedShares("gpt-4o", "/chat").output).toBeCloseTo(2_256 / 4_256);
  for (let answer = 0; answer < 50; answer += 1) {
    learn(1_500);
    learn(2_500);
  }
  const { input, output } = learning.expectedShares("gpt-4o", "/chat");
  expect(input).toBeCloseTo(0.5, 2);
  expect(output).toBeCloseTo(0.5, 2);
  expect(learning.expectedShares("gpt-4o", "/other")).toEqual({ input: 1, output: 1 });
});

test.each([
  ["gpt-4o-2024-11-20", "chat", 16_384],
  ["gpt-4-0613", "chat", 8_192],
  ["us.anthropic.claude-sonnet-4-5-20250929-v1:0", "chat", 64_000],
  ["models/gemini-2.5-pro", "generate_content", 65_536],
  ["nobody-knows", "chat", 128_000],
  [undefined, "chat", 128_000],
  ["text-embedding-3-small", "embeddings", 0],
])("%s puts out at most %s %i tokens", (model, operation, tokens) => {
  expect(modelOutputTokensMax(model, operation)).toBe(tokens);
});

test("a text has no more tokens than its bound: prose, code, JSON, keys and other scripts (counted with o200k_base)", () => {
  const counted: readonly (readonly [text: string, tokens: number])[] = [
    ["The quick brown fox jumps over the lazy dog.", 10],
    ['{"id":"chatcmpl-123","object":"chat.completion","created":1677652288}', 22],
    ["人工智能正在改变我们的生活方式", 7],
    ["😀🎉🚀", 5],
  ];
  for (const [text, tokens] of counted)
    expect(textTokensAtMost(text)).toBeGreaterThanOrEqual(tokens);
  expect(textTokensAtMost("hello world")).toBe(4);
  expect(textTokensAtMost("")).toBe(0);
  // Base64 has up to 0.7 tokens per character.
  expect(
    textTokensAtMost("aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ=".repeat(10)),
  ).toBeGreaterThan(336);
});
