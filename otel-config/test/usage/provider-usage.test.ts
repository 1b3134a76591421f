import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { normaliseUsage } from "../../src/usage/normalise-usage.ts";
import { readProviderUsage } from "../../src/usage/provider-usage/read-provider-usage.ts";
import type { UsageTable } from "../../src/usage/provider-usage/usage-table.ts";
import { USAGE_TABLES } from "../../src/usage/provider-usage/usage-tables.ts";
import { createNormalUsage, createRawUsage, usageFlagNames } from "../../src/usage/usage.ts";
import type { NormalUsage } from "../../src/usage/usage.ts";

function table(api: string): UsageTable {
  const named = USAGE_TABLES.find((one) => one.api === api);
  if (named === undefined) throw new Error(`there is no table of ${api}`);
  return named;
}

/** What a whole stream of events, or one response, comes to. */
function usageOf(api: string, ...bodies: unknown[]): NormalUsage {
  const raw = createRawUsage();
  for (const body of bodies) readProviderUsage(table(api), body, raw);
  return normaliseUsage(raw, createNormalUsage());
}

describe("a response", () => {
  it("of OpenAI holds cached tokens in its input and reasoning in its output", () => {
    const usage = {
      prompt_tokens: 2006,
      completion_tokens: 300,
      total_tokens: 2306,
      prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 6 },
      completion_tokens_details: { reasoning_tokens: 100, audio_tokens: 20 },
    };
    expect(usageOf("openai.chat", { usage })).toMatchObject({
      input: 2006,
      inputUncached: 80,
      cacheRead: 1920,
      audioInput: 6,
      output: 300,
      reasoning: 100,
      audioOutput: 20,
    });
  });

  it("of OpenAI holds what was written to its cache in its input as well (LiteLLM 33772)", () => {
    const details = { cached_tokens: 1024, cache_write_tokens: 512 };
    const parts = { input: 2006, inputUncached: 470, cacheRead: 1024, cacheWrite5m: 512 };
    const chat = { prompt_tokens: 2006, completion_tokens: 3, prompt_tokens_details: details };
    expect(usageOf("openai.chat", { usage: chat })).toMatchObject(parts);
    const responses = { input_tokens: 2006, output_tokens: 3, input_tokens_details: details };
    expect(usageOf("openai.responses", { usage: responses })).toMatchObject(parts);
  });

  it.each([
    [{ prompt_tokens: 70, num_cached_tokens: 69 }, undefined],
    [{ prompt_tokens: 70, prompt_cache_hit_tokens: 64, prompt_cache_miss_tokens: 6 }, 64],
    [{ prompt_tokens: 70, cached_tokens: 3 }, 3],
    [{ prompt_tokens: 70, prompt_tokens_details: null, cached_tokens: null }, undefined],
  ])("of a copy of OpenAI's API has them elsewhere: %j", (usage, cacheRead) => {
    expect(usageOf("openai.chat", { usage }).cacheRead).toBe(cacheRead);
  });

  it("may count in every element of a list, or beside everything else", () => {
    const predictions = [{ embeddings: { statistics: { token_count: 7 } } }, {}, null];
    expect(usageOf("google.embed_content", { predictions }).input).toBe(7);
    expect(usageOf("google.embed_content", { predictions: [{}] }).source).toBe("missing");
    expect(usageOf("ollama", { prompt_eval_count: 3, eval_count: 2 })).toMatchObject({
      input: 3,
      output: 2,
    });
  });

  it("of a model on Bedrock is read by the convention of any provider", () => {
    const cached = { inputTokens: 3, outputTokens: 9, cacheReadInputTokenCount: 100 };
    expect(usageOf("aws.bedrock.invoke", { usage: cached }).input).toBe(103);
    const titan = { inputTextTokenCount: 5, results: [{ tokenCount: 30 }, { tokenCount: 2 }] };
    expect(usageOf("aws.bedrock.invoke", titan)).toMatchObject({ input: 5, output: 32 });
  });

  it("of Anthropic leaves cached tokens out of its input", () => {
    const usage = {
      input_tokens: 5,
      cache_read_input_tokens: 128_955,
      cache_creation_input_tokens: 1_253,
      cache_creation: { ephemeral_5m_input_tokens: 253, ephemeral_1h_input_tokens: 1_000 },
      output_tokens: 9,
      server_tool_use: { web_search_requests: 2 },
    };
    expect(usageOf("anthropic.messages", { usage })).toMatchObject({
      input: 130_213,
      inputUncached: 5,
      cacheRead: 128_955,
      cacheWrite5m: 253,
      cacheWrite1h: 1_000,
      webSearches: 2,
    });
  });

  it("of Gemini counts thoughts and tool prompts apart, and cached images with the images", () => {
    const usageMetadata = {
      promptTokenCount: 345,
      toolUsePromptTokenCount: 55,
      cachedContentTokenCount: 230,
      candidatesTokenCount: 51,
      thoughtsTokenCount: 40,
      totalTokenCount: 491,
      promptTokensDetails: [
        { modality: "TEXT", tokenCount: 87 },
        { modality: "IMAGE", tokenCount: 8 },
        { modality: "DOCUMENT", tokenCount: 250 },
      ],
      cacheTokensDetails: [
        { modality: "TEXT", tokenCount: 58 },
        { modality: "DOCUMENT", tokenCount: 172 },
      ],
    };
    const usage = usageOf("google.generate_content", { usageMetadata });
    expect(usage).toMatchObject({
      input: 400,
      inputUncached: 84,
      cacheRead: 230,
      imageInput: 86,
      output: 91,
      reasoning: 40,
    });
    expect(usageFlagNames(usage.flags)).toEqual([]);
  });

  it("of Cohere is charged by its billed units", () => {
    const usage = {
      billed_units: { input_tokens: 431, output_tokens: 661 },
      tokens: { input_tokens: 2190, output_tokens: 1257 },
    };
    expect(usageOf("cohere.chat", { usage })).toMatchObject({ input: 431, output: 661 });
  });

  it("of xAI and of Perplexity leaves reasoning out of its output", () => {
    const xai = {
      prompt_tokens: 687,
      completion_tokens: 240,
      completion_tokens_details: { reasoning_tokens: 165 },
    };
    expect(usageOf("x_ai.chat", { usage: xai })).toMatchObject({ output: 405, reasoning: 165 });
    const perplexity = {
      prompt_tokens: 10,
      completion_tokens: 100,
      citation_tokens: 7,
      reasoning_tokens: 50,
      num_search_queries: 3,
    };
    expect(usageOf("perplexity.chat", { usage: perplexity })).toMatchObject({
      output: 157,
      reasoning: 50,
      webSearches: 3,
    });
  });

  it("without usage changes nothing", () => {
    const raw = { ...createRawUsage(), input: 1 };
    for (const one of USAGE_TABLES) {
      for (const body of [undefined, null, "text", [], {}, { usage: {} }, { usage: null }]) {
        expect(readProviderUsage(one, body, raw)).toBe(false);
      }
    }
    expect(raw).toEqual({ ...createRawUsage(), input: 1 });
  });

  it("with a count that is no number has none", () => {
    expect(usageOf("openai.chat", { usage: { prompt_tokens: "7" } }).source).toBe("missing");
  });
});

describe("a stream", () => {
  it("of Anthropic has the last count of each kind, not their sum (TensorZero 5481)", () => {
    const usage = usageOf(
      "anthropic.messages",
      { type: "message_start", message: { usage: { input_tokens: 20, output_tokens: 1 } } },
      { type: "content_block_delta", delta: { text: "Hello" } },
      { type: "message_delta", usage: { output_tokens: 15 } },
    );
    expect(usage).toMatchObject({ input: 20, output: 15 });
  });

  it("of OpenAI's responses has it in the last event", () => {
    const usage = usageOf(
      "openai.responses",
      { type: "response.created", response: { usage: null } },
      { type: "response.completed", response: { usage: { input_tokens: 3, output_tokens: 4 } } },
    );
    expect(usage).toMatchObject({ input: 3, output: 4 });
  });

  it("of OpenAI's responses counts the searches that are charged beside the usage", () => {
    const tool_usage = { web_search: { num_requests: 2 } };
    const usage = { input_tokens: 3, output_tokens: 4 };
    const whole = usageOf("openai.responses", { usage, tool_usage });
    expect(whole).toMatchObject({ input: 3, output: 4, webSearches: 2 });
    const created = { type: "response.created", response: { usage: null, tool_usage } };
    expect(usageOf("openai.responses", created).webSearches).toBeUndefined();
    const completed = { type: "response.completed", response: { usage, tool_usage } };
    expect(usageOf("openai.responses", created, completed)).toMatchObject({ webSearches: 2 });
  });
});

// Recorded bodies with what they hold. The recordings lie outside the project; without them these tests say
// so and check nothing.
const FIXTURES = new URL("../../../../shared/fixtures/", import.meta.url);

interface Recording {
  readonly body: { readonly model?: string };
  readonly extracted: readonly {
    readonly usage: Readonly<Record<string, number>>;
    readonly extractors: readonly Extractor[];
  }[];
}

/** The readings that know everything that is in a body, and our table for it. */
const READINGS: Readonly<Record<string, string>> = {
  "openai/chat": "openai.chat",
  "openai/responses": "openai.responses",
  "openai/embeddings": "openai.embeddings",
  "anthropic/default": "anthropic.messages",
  "aws/default": "aws.bedrock.converse",
  "google/default": "google.generate_content",
  "cohere/default": "cohere.chat",
  "cohere/embeddings": "cohere.chat",
  "x-ai/chat": "x_ai.chat",
};

interface Extractor {
  readonly provider_id: string;
  readonly api_flavor: string;
}
const nameOf = ({ provider_id: provider, api_flavor: flavor }: Extractor): string =>
  `${provider}/${flavor}`;

/** Some readings fit every chat: that of embeddings asks for less, that of xAI counts reasoning otherwise. */
function isMisreading(reading: string, all: readonly string[], body: { model?: string }): boolean {
  if (reading === "openai/embeddings") return all.includes("openai/chat");
  return reading === "x-ai/chat" && !/grok/.test(body.model ?? "");
}

/** What the recording says, in the names of the normal form; parts that nobody counts are text here, too. */
function expected(usage: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const count = (name: string): number => usage[`${name}_tokens`] ?? 0;
  return {
    input: count("input"),
    output: count("output"),
    cacheRead: count("cache_read"),
    cacheWrite: count("cache_write"),
    reasoning: count("output_reasoning"),
    audioInput: count("input_audio") - count("cache_audio_read"),
    imageInput: count("input_image") - count("cache_image_read"),
    audioOutput: count("output_audio"),
    imageOutput: count("output_image"),
    webSearches: usage["web_searches"] ?? 0,
  };
}

function found(usage: NormalUsage): Readonly<Record<string, number>> {
  return {
    input: usage.input ?? 0,
    output: usage.output ?? 0,
    cacheRead: usage.cacheRead ?? 0,
    cacheWrite: (usage.cacheWrite5m ?? 0) + (usage.cacheWrite1h ?? 0),
    reasoning: usage.reasoning ?? 0,
    audioInput: usage.audioInput ?? 0,
    imageInput: usage.imageInput ?? 0,
    audioOutput: usage.audioOutput ?? 0,
    imageOutput: usage.imageOutput ?? 0,
    webSearches: usage.webSearches ?? 0,
  };
}

describe.each([
  { path: "dialects/provider-usage/genai-prices-usages-sample.json", bodies: 90 },
  { path: "prices/genai-prices_usages_dataset.json", bodies: 1577 },
])("every body of $path", ({ path, bodies }) => {
  it("holds what our table of its API reads", ({ skip }) => {
    const file = new URL(path, FIXTURES);
    if (!existsSync(file)) return skip("the recordings are not on this machine");
    const recordings = JSON.parse(readFileSync(file, "utf8")) as Recording[];
    const unread: unknown[] = [];
    const differences: unknown[] = [];
    for (const { body, extracted } of recordings) {
      let isRead = false;
      const readings = extracted.flatMap(({ extractors }) => extractors.map(nameOf));
      for (const { usage, extractors } of extracted) {
        for (const reading of extractors.map(nameOf)) {
          const api = READINGS[reading];
          if (api === undefined || isMisreading(reading, readings, body)) continue;
          isRead = true;
          const ours = found(usageOf(api, body));
          const theirs = expected(usage);
          if (JSON.stringify(ours) !== JSON.stringify(theirs))
            differences.push({ body, api, ours, theirs });
        }
      }
      if (!isRead) unread.push(body);
    }
    expect(unread).toEqual([]);
    expect(differences).toEqual([]);
    expect(recordings).toHaveLength(bodies);
  });
});
