import { describe, expect, it } from "vitest";
import { comparePrices } from "../../src/pricing/compare-prices.ts";
import { readLitellmList } from "../../src/pricing/litellm-list.ts";
import type { BookPrice } from "../../src/pricing/unit-prices.ts";

const modelsOf = (fields: object, key = "m"): unknown =>
  readLitellmList({ [key]: { litellm_provider: "openai", ...fields } }).models;

describe("a model of the list", () => {
  it("has prices per million tokens, in decimal", () => {
    const fields = {
      input_cost_per_token: 1.5e-7,
      output_cost_per_token: 6e-7,
      cache_read_input_token_cost: 7.5e-8,
      cache_creation_input_token_cost: 1.875e-7,
      cache_creation_input_token_cost_above_1hr: 3e-7,
      input_cost_per_audio_token: 1e-5,
      output_cost_per_image_token: 4e-5,
      input_cost_per_request: 0.014,
      max_tokens: 128_000,
      output_cost_per_second: 1,
    };
    expect(modelsOf(fields)).toEqual([
      {
        key: "m",
        provider: "openai",
        model: "m",
        serviceTier: "standard",
        prices: {
          input_mtok: "0.15",
          output_mtok: "0.6",
          cache_read_mtok: "0.075",
          cache_write_mtok: "0.1875",
          cache_write_1h_mtok: "0.3",
          input_audio_mtok: "10",
          output_image_mtok: "40",
          requests_kcount: "14",
        },
      },
    ]);
  });

  it("has a price above a number of tokens, and one per service tier", () => {
    const fields = {
      input_cost_per_token: 1e-6,
      input_cost_per_token_above_200k_tokens: 2e-6,
      input_cost_per_token_priority: 3e-6,
      input_cost_per_token_above_200k_tokens_priority: 4e-6,
      output_cost_per_token_batches: 5e-6,
      cache_creation_input_token_cost_above_1hr_above_200k_tokens: 1,
    };
    expect(modelsOf(fields)).toMatchObject([
      {
        serviceTier: "standard",
        prices: { input_mtok: { base: "1", tiers: [{ start: 200_000, price: "2" }] } },
      },
      {
        serviceTier: "priority",
        prices: { input_mtok: { base: "3", tiers: [{ start: 200_000, price: "4" }] } },
      },
      { serviceTier: "batch", prices: { output_mtok: "5" } },
    ]);
  });

  it.each([
    ["azure/gpt-4o", "azure", "azure.ai.openai", "gpt-4o"],
    ["gemini/gemini-2.5-pro", "gemini", "gcp.gemini", "gemini-2.5-pro"],
    ["gemini-2.5-pro", "vertex_ai-language-models", "gcp.vertex_ai", "gemini-2.5-pro"],
    ["vertex_ai/claude-x@1", "vertex_ai-anthropic_models", "gcp.vertex_ai", "claude-x@1"],
    ["anthropic.claude-x", "bedrock_converse", "aws.bedrock", "anthropic.claude-x"],
    ["xai/grok-4", "xai", "x_ai", "grok-4"],
    ["groq/openai/gpt-oss-20b", "groq", "groq", "openai/gpt-oss-20b"],
    ["ollama/llama2", "ollama", "ollama", "llama2"],
  ])("%s of %s is %s %s", (...[key, owner, provider, model]) => {
    expect(modelsOf({ litellm_provider: owner, input_cost_per_token: 1 }, key)).toMatchObject([
      { provider, model },
    ]);
  });

  it("without a price per token is named, not read", () => {
    const list = readLitellmList({
      sample_spec: { litellm_provider: "one of many", input_cost_per_token: 0 },
      last_updated: "2026-07-24",
      pages: { litellm_provider: "x", ocr_cost_per_page: 1 },
      above: { litellm_provider: "x", input_cost_per_token_above_200k_tokens: 1 },
      tiered: { litellm_provider: "x", tiered_pricing: [], input_cost_per_token: 1 },
    });
    expect(list).toEqual({ models: [], skipped: ["pages", "above", "tiered"] });
  });

  it("is not looked for in a document of another shape", () => {
    expect(() => readLitellmList([])).toThrow(TypeError);
    expect(() => readLitellmList("x")).toThrow(TypeError);
  });
});

const tiered = (start: number): BookPrice => ({ base: 1, tiers: [{ start, price: 2 }] });

describe("two price lists", () => {
  it("differ where a call would cost something else, named or not", () => {
    const ours = { input_mtok: 3, cache_read_mtok: 0.3, output_mtok: 15 };
    const theirs = { input_mtok: "3", output_mtok: "16", output_reasoning_mtok: 16 };
    expect(comparePrices(ours, theirs)).toEqual([
      {
        unit: "cache_read_mtok",
        oursPico: 300_000,
        theirsPico: 3_000_000,
        isNamedByUs: true,
        isNamedByThem: false,
      },
      {
        unit: "output_mtok",
        oursPico: 15_000_000,
        theirsPico: 16_000_000,
        isNamedByUs: true,
        isNamedByThem: true,
      },
      {
        unit: "output_reasoning_mtok",
        oursPico: 15_000_000,
        theirsPico: 16_000_000,
        isNamedByUs: false,
        isNamedByThem: true,
      },
    ]);
  });

  it("do not differ in how they write the same price", () => {
    const ours = { input_mtok: 1, output_mtok: 2, output_reasoning_mtok: 2 };
    expect(comparePrices(ours, { input_mtok: "1.0", output_mtok: "2" })).toEqual([]);
  });

  it("are compared at the start of each tier of either, and in their fees", () => {
    const ours = { input_mtok: tiered(200), web_searches_kcount: 10 };
    const theirs = { input_mtok: tiered(100), requests_kcount: 5 };
    expect(comparePrices(ours, theirs)).toMatchObject([
      { unit: "input_mtok > 100", oursPico: 1_000_000, theirsPico: 2_000_000 },
      { unit: "web_searches_kcount", oursPico: 10_000_000_000, theirsPico: undefined },
      { unit: "requests_kcount", oursPico: 0, theirsPico: 5_000_000_000 },
    ]);
  });
});
