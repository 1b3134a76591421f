import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/pricing/layered-book.ts";
import { LIST_CORRECTIONS } from "../../src/pricing/list-corrections.ts";
import { LIST_TIERS } from "../../src/pricing/list-tiers.ts";
import { parsePriceEntries, priceDocument } from "../../src/pricing/parse-price-entries.ts";
import type { PriceEntry } from "../../src/pricing/price-layer.ts";
import { canonicalProvider } from "../../src/pricing/provider-names.ts";

/** A model of each family that has an entry by the beginning of its name. */
const EXAMPLES: Readonly<Record<string, string>> = {
  openai: "gpt-5",
  "azure.ai.openai": "gpt-4.1",
  anthropic: "claude-sonnet-4-5",
  "gcp.gemini": "gemini-2.5-pro",
  "gcp.gen_ai": "gemini-2.5-pro",
  "gcp.vertex_ai": "gemini-2.5-pro",
  "aws.bedrock": "anthropic.claude-haiku-4-5-20251001-v1:0",
  groq: "llama-3.3-70b-versatile",
};

function exampleOf({ provider, model, match }: PriceEntry): string {
  if (match === "exact") return model;
  const example = EXAMPLES[provider] ?? "";
  return example.startsWith(model) ? example : model.replace(/-$/, "-sonnet-4-5");
}

describe.each([LIST_CORRECTIONS, LIST_TIERS])("the published layer $name", ({ name, entries }) => {
  it("holds what a file of overrides may hold, by canonical names", () => {
    const document = JSON.parse(JSON.stringify(priceDocument(entries))) as unknown;
    expect(parsePriceEntries(document).problems).toEqual([]);
    expect(entries.filter(({ provider }) => canonicalProvider(provider) !== provider)).toEqual([]);
  });

  it("names for every entry the page that says so", () => {
    expect(entries.filter(({ source }) => !/^https:\/\/\S+$/.test(source))).toEqual([]);
    expect(entries.filter(({ projectId }) => projectId !== undefined)).toEqual([]);
  });

  it("has no entry that changes no price", () => {
    const book = createPriceBook();
    const unused = entries.filter((entry) => {
      const { provider, serviceTier } = entry;
      const at = new Date("2026-11-24T12:00:00Z");
      const answer = book.resolve({ provider, model: exampleOf(entry), serviceTier, at });
      return !answer.overrides.some((applied) => applied.layer === name && applied.entry === entry);
    });
    expect(
      unused.map(({ provider, model, serviceTier }) => [provider, model, serviceTier]),
    ).toEqual([]);
  });
});
