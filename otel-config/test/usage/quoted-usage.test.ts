import { describe, expect, it } from "vitest";
import { normaliseUsage } from "../../src/usage/normalise-usage.ts";
import { readQuotedUsage } from "../../src/usage/provider-usage/quoted-usage.ts";
import { createNormalUsage, createRawUsage } from "../../src/usage/usage.ts";
import type { RawUsage } from "../../src/usage/usage.ts";

/** What the object comes to, beside what a producer said itself. */
function quoted(usage: object, own: Partial<RawUsage> = {}) {
  const raw = Object.assign(createRawUsage(), own);
  const isRead = readQuotedUsage(usage, raw);
  return { isRead, raw, ...normaliseUsage(raw, createNormalUsage()) };
}

/** Its total counts tokens that it does not tell. */
const LOSSY = { input_tokens: 313, output_tokens: 98, total_tokens: 1639 };
/** Thoughts or what tools brought: one of them was dropped. */
const UNSURE = { promptTokenCount: 300, candidatesTokenCount: 70, totalTokenCount: 450 };
const LOSSY_WITH_THOUGHTS = {
  prompt_tokens: 300,
  completion_tokens: 100,
  total_tokens: 1700,
  completion_tokens_details: { reasoning_tokens: 30 },
};
const CACHED = { input: 1500, cacheRead: 1000, inputUncached: 300, cacheWrite5m: 200, output: 100 };

describe("a provider's usage object tells by its names who made it", () => {
  it.each([
    [
      "OpenAI, chat: input with cached tokens, output with reasoning",
      {
        prompt_tokens: 1300,
        completion_tokens: 100,
        total_tokens: 1400,
        prompt_tokens_details: { cached_tokens: 1000 },
        completion_tokens_details: { reasoning_tokens: 30 },
      },
      { input: 1300, cacheRead: 1000, inputUncached: 300, output: 100, reasoning: 30 },
    ],
    [
      "OpenAI, responses: the same under other names",
      {
        input_tokens: 1300,
        input_tokens_details: { cached_tokens: 1000 },
        output_tokens: 100,
        output_tokens_details: { reasoning_tokens: 30 },
      },
      { input: 1300, cacheRead: 1000, inputUncached: 300, output: 100, reasoning: 30 },
    ],
    [
      "Cohere: what it charges, not what the model saw",
      {
        billed_units: { input_tokens: 313, output_tokens: 67 },
        tokens: { input_tokens: 379, output_tokens: 67 },
      },
      { input: 313, output: 67 },
    ],
    [
      "Anthropic: input without cached tokens, under the names of OpenAI's responses",
      {
        input_tokens: 300,
        output_tokens: 100,
        cache_read_input_tokens: 1000,
        cache_creation_input_tokens: 200,
      },
      CACHED,
    ],
    [
      "Bedrock",
      {
        inputTokens: 300,
        outputTokens: 100,
        cacheReadInputTokens: 1000,
        cacheWriteInputTokens: 200,
      },
      CACHED,
    ],
    [
      "Gemini: output without thoughts",
      {
        promptTokenCount: 300,
        candidatesTokenCount: 70,
        thoughtsTokenCount: 30,
        totalTokenCount: 400,
      },
      { input: 300, output: 100, reasoning: 30 },
    ],
    [
      "Gemini, as Python prints it",
      { prompt_token_count: 300, candidates_token_count: 70, thoughts_token_count: 30 },
      { input: 300, output: 100, reasoning: 30 },
    ],
    [
      "Gemini, without the tools' tokens, which the total has",
      {
        promptTokenCount: 300,
        candidatesTokenCount: 70,
        thoughtsTokenCount: 30,
        totalTokenCount: 450,
      },
      { input: 350, inputUncached: 350, toolUsePrompt: 50, output: 100, reasoning: 30 },
    ],
    ["Ollama", { prompt_eval_count: 300, eval_count: 100 }, { input: 300, output: 100 }],
  ])("%s", (_, usage, expected) => {
    expect(quoted(usage)).toMatchObject({ isRead: true, ...expected, source: "reported" });
  });

  it("has no tokens where the provider charges by the search", () => {
    const ranking = quoted({ billed_units: { search_units: 2 } });
    expect(ranking).toMatchObject({ isRead: true, webSearches: 2, source: "missing" });
  });

  it.each([
    LOSSY_WITH_THOUGHTS,
    {},
    { input: 10, output: 2 },
    { prompt_tokens: -1 },
    { tokens: 5 },
    LOSSY,
    UNSURE,
  ])("not every object is one: %j", (usage) => {
    const { isRead, raw } = quoted(usage, { input: 7 });
    expect(isRead).toBe(false);
    expect(raw).toEqual(Object.assign(createRawUsage(), { input: 7 }));
  });
});

describe("beside the producer's own counts", () => {
  const usage = { input_tokens: 300, output_tokens: 100, cache_read_input_tokens: 1000 };

  it("gives totals that stand, however the producer counts", () => {
    expect(quoted(usage, { input: 300, inputConvention: "inclusive" })).toMatchObject({
      input: 1300,
      basis: "proven",
    });
    expect(quoted(usage, { input: 1300, inputConvention: "exclusive" }).input).toBe(1300);
  });

  it("gives none where it says less than the producer", () => {
    const { isRead, input, output } = quoted({ promptTokenCount: 300 }, { input: 290, output: 9 });
    expect({ isRead, input, output }).toEqual({ isRead: false, input: 290, output: 9 });
  });

  it("fills in the parts that the producer leaves out, and changes none", () => {
    const parts = { ...usage, cache_creation: { ephemeral_1h_input_tokens: 50 } };
    expect(quoted(parts, { cacheRead: 900 })).toMatchObject({ cacheRead: 900, cacheWrite1h: 50 });
  });
});
