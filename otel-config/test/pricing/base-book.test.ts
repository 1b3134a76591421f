import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { BASE_BOOK_VERSION } from "../../src/pricing/base-book.ts";
import { createListBook, createPriceBook } from "../../src/pricing/layered-book.ts";
import type { PriceAnswer } from "../../src/pricing/price-book.ts";

const AT = new Date("2026-09-01T12:00:00Z");

/** Input and output price in $ per million tokens; undefined when the book does not know the model. */
function dollars(
  provider: string | undefined,
  model: string,
  at: Date = AT,
): readonly (number | undefined)[] | undefined {
  const { prices } = createPriceBook().resolve({ provider, model, at });
  return prices && [prices.base.input, prices.base.output].map((pico) => pico && pico / 1e6);
}

/** Prices of a model whose price depends on the time of day. */
function deepseekAt(time: string): PriceAnswer {
  const at = new Date(`2026-09-01T${time}Z`);
  return createListBook().resolve({ provider: "deepseek", model: "deepseek-chat", at });
}

describe("the version", () => {
  it("is the one of the installed package", () => {
    const path = new URL("../../node_modules/@pydantic/genai-prices/package.json", import.meta.url);
    const { version } = JSON.parse(readFileSync(path, "utf8")) as { version: string };
    expect(BASE_BOOK_VERSION).toBe(`genai-prices@${version}`);
    expect(createPriceBook().version).toMatch(new RegExp(`^${BASE_BOOK_VERSION}\\+corrections@`));
    expect(createListBook().version).toBe(BASE_BOOK_VERSION);
  });
});

describe("whose model it is", () => {
  it("is said by the provider, in every spelling", () => {
    expect(dollars("openai", "gpt-4o")).toEqual([2.5, 10]);
    expect(dollars("OpenAI", "gpt-4o")).toEqual([2.5, 10]);
    expect(dollars("openai.chat", "GPT-4o")).toEqual([2.5, 10]);
    expect(dollars("az.ai.openai", "gpt-4o")).toEqual([2.5, 10]);
    expect(dollars("aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0")).toEqual([
      3.3, 16.5,
    ]);
    expect(dollars("x_ai", "grok-4")).toEqual([3, 15]);
    expect(dollars("mistral_ai", "mistral-large-latest")).toBeDefined();
  });

  it.each([
    ["openai", "gpt-4o"],
    ["anthropic", "claude-sonnet-4-5"],
    ["aws.bedrock", "anthropic.claude-3-haiku-20240307-v1:0"],
    ["gcp.vertex_ai", "gemini-2.5-pro"],
    ["gcp.vertex_ai", "claude-sonnet-4-5@20250929"],
    ["gcp.gemini", "models/gemini-2.5-pro"],
    ["gcp.gen_ai", "gemini-2.5-flash"],
    ["azure.ai.openai", "gpt-4o"],
    ["azure.ai.inference", "deepseek-r1"],
    ["mistral_ai", "mistral-large-latest"],
    ["x_ai", "grok-4"],
    ["groq", "llama-3.1-8b-instant"],
    ["cohere", "command-r-plus"],
    ["deepseek", "deepseek-chat"],
    ["perplexity", "sonar-pro"],
    ["moonshot_ai", "kimi-k2-0905-preview"],
    ["openrouter", "anthropic/claude-sonnet-4.5"],
    ["litellm", "openai/gpt-4o"],
  ])("has a price for %s %s", (provider, model) => {
    expect(dollars(provider, model)).toBeDefined();
  });

  it("is said by the model when there is no provider", () => {
    expect(dollars(undefined, "gpt-4o")).toEqual([2.5, 10]);
    expect(dollars(undefined, "claude-sonnet-4-5")).toEqual([3, 15]);
    expect(dollars(undefined, "my-own-model")).toBeUndefined();
    expect(dollars(" ", "gpt-4o")).toEqual([2.5, 10]);
  });
});

describe("no price", () => {
  it("is there for a model that the book does not know", () => {
    expect(dollars("openai", "gpt-4o-super-unknown")).toBeUndefined();
    expect(dollars("openai", "")).toBeUndefined();
    const regional = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
    expect(dollars("aws", regional.padStart(256 - "aws".length, "x"))).toBeDefined();
    expect(dollars("aws", regional.padStart(257 - "aws".length, "x"))).toBeUndefined();
  });

  it("is there for a provider that the book does not know, however well known the model", () => {
    expect(dollars("ollama", "gpt-4o")).toBeUndefined();
    expect(dollars("my-openai-proxy", "gpt-4o")).toBeUndefined();
    expect(dollars("ibm.watsonx.ai", "gpt-4o")).toBeUndefined();
  });

  it("is not a price of zero", () => {
    expect(dollars("openai", "omni-moderation-latest")).toEqual([0, 0]);
  });

  it("is there for a time that is none", () => {
    expect(dollars("openai", "o3", new Date(Number.NaN))).toBeUndefined();
  });
});

describe("the period of a price", () => {
  it("is all of time for a price that never changed", () => {
    expect(
      createPriceBook().resolve({ provider: "openai", model: "gpt-4o", at: AT }),
    ).toMatchObject({
      validFromMs: -Infinity,
      validUntilMs: Infinity,
    });
  });

  it("ends where the next price starts", () => {
    const start = Date.parse("2025-06-10T00:00:00Z");
    expect(dollars("openai", "o3", new Date(start - 1))).toEqual([10, 40]);
    expect(dollars("openai", "o3", new Date(start))).toEqual([2, 8]);
    const book = createPriceBook();
    expect(
      book.resolve({ provider: "openai", model: "o3", at: new Date(start - 1) }).validUntilMs,
    ).toBe(start);
    expect(book.resolve({ provider: "openai", model: "o3", at: new Date(start) }).validFromMs).toBe(
      start,
    );
  });

  it("ends during the day where the time of day decides", () => {
    expect(deepseekAt("00:29:59.999").prices?.base.input).toBe(135_000);
    expect(deepseekAt("00:30:00").prices?.base.input).toBe(270_000);
    expect(deepseekAt("16:29:59.999").prices?.base.input).toBe(270_000);
    expect(deepseekAt("16:30:00").prices?.base.input).toBe(135_000);
    expect(deepseekAt("12:00:00")).toMatchObject({
      validFromMs: Date.parse("2026-09-01T00:30:00Z"),
      validUntilMs: Date.parse("2026-09-01T16:30:00Z"),
    });
    expect(deepseekAt("23:00:00")).toMatchObject({
      validFromMs: Date.parse("2026-09-01T16:30:00Z"),
      validUntilMs: Date.parse("2026-09-02T00:30:00Z"),
    });
  });

  it("lets one book answer for every minute of a day as a fresh one does", () => {
    const book = createPriceBook();
    for (let minute = 0; minute < 48 * 60; minute += 7) {
      const at = new Date(Date.parse("2026-08-16T00:00:00Z") + minute * 60_000);
      for (const model of ["deepseek-chat", "deepseek-v4-pro"]) {
        expect(book.resolve({ provider: "deepseek", model, at })).toEqual(
          createPriceBook().resolve({ provider: "deepseek", model, at }),
        );
      }
    }
  });
});

describe("the cache", () => {
  it("keeps pairs apart that read the same side by side", () => {
    const book = createPriceBook();
    expect(book.resolve({ provider: "openaigpt", model: "-4o", at: AT }).prices).toBeUndefined();
    expect(book.resolve({ provider: "openai", model: "gpt-4o", at: AT }).prices).toBeDefined();
    expect(
      book.resolve({ provider: undefined, model: "openaigpt-4o", at: AT }).prices,
    ).toBeUndefined();
    expect(book.resolve({ provider: "nobody", model: "gpt-4o", at: AT }).prices).toBeUndefined();
    expect(book.resolve({ provider: "", model: "gpt-4o", at: AT }).prices).toBeDefined();
    expect(book.resolve({ provider: "nobody", model: "gpt-4o", at: AT }).prices).toBeUndefined();
  });

  it("gives the same object for the same model and period", () => {
    const book = createPriceBook();
    const first = book.resolve({ provider: "openai", model: "gpt-4o", at: AT });
    expect(book.resolve({ provider: "openai", model: "gpt-4o", at: new Date(0) })).toBe(first);
    expect(book.resolve({ provider: "azure", model: "gpt-4o", at: AT })).not.toBe(first);
  });

  it("forgets the oldest models when there are too many names", () => {
    const book = createPriceBook();
    const first = book.resolve({ provider: "openai", model: "gpt-4o", at: AT });
    for (let n = 0; n < 4_095; n += 1)
      book.resolve({ provider: "nobody", model: `model-${n}`, at: AT });
    expect(book.resolve({ provider: "openai", model: "gpt-4o", at: AT })).toBe(first);
    book.resolve({ provider: "nobody", model: "one-more", at: AT });
    const again = book.resolve({ provider: "openai", model: "gpt-4o", at: AT });
    expect(again).toEqual(first);
    expect(again).not.toBe(first);
  });
});
