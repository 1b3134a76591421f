// The published library, on doubles, is the oracle for our integer arithmetic on its data.
import { calcPrice, waitForUpdate } from "@pydantic/genai-prices";
import type { MatchLogic, ModelInfo, ModelPrice, Provider, Usage } from "@pydantic/genai-prices";
import * as fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { createListBook } from "../../src/pricing/layered-book.ts";
import { priceCall, priceCallNumber } from "../../src/pricing/price-call.ts";
import type { UnitPrices } from "../../src/pricing/unit-prices.ts";
import { normaliseUsage } from "../../src/usage/normalise-usage.ts";
import { createNormalUsage, createRawUsage } from "../../src/usage/usage.ts";
import type { NormalUsage } from "../../src/usage/usage.ts";
import { differenceToLibrary, libraryUsage } from "./library-comparison.ts";

const book = createListBook();
let entries: { provider: Provider; model: ModelInfo; name: string }[] = [];

/** Strings that a match rule names, to find one that leads to its model. */
function namesIn(match: MatchLogic): string[] {
  if ("or" in match) return match.or.flatMap(namesIn);
  if ("and" in match) {
    const names = match.and.flatMap(namesIn);
    return [...names, ...names.flatMap((a) => names.map((b) => `${a}${b}`))];
  }
  return "regex" in match ? [] : Object.values(match);
}

function nameOf(provider: Provider, model: ModelInfo): string | undefined {
  return [model.id, ...namesIn(model.match)].find(
    (name) => calcPrice({}, name, { providerId: provider.id })?.model === model,
  );
}

beforeAll(async () => {
  const providers = (await waitForUpdate()) ?? [];
  entries = providers.flatMap((provider) =>
    provider.models.map((model) => {
      const name = nameOf(provider, model);
      if (name === undefined) throw new Error(`no name leads to ${provider.id} ${model.id}`);
      return { provider, model, name };
    }),
  );
});

/** Times at which each of the model's prices holds, and the moments beside every change. */
function interestingTimes(model: ModelInfo): Date[] {
  const now = Date.parse("2026-09-01T12:00:00Z");
  if (!Array.isArray(model.prices)) return [new Date(now)];
  return model.prices.flatMap(({ constraint }) => {
    if (constraint === undefined) return [new Date(0), new Date(now)];
    const changes =
      constraint.type === "start_date"
        ? [Date.parse(constraint.start_date)]
        : [constraint.start_time, constraint.end_time].map((time) =>
            Date.parse(`2026-09-01T${time}`),
          );
    return changes.flatMap((change) => [new Date(change - 1), new Date(change)]);
  });
}

const count = fc.oneof(
  { weight: 1, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.nat(1_000) },
  { weight: 2, arbitrary: fc.nat(400_000) },
);

/** Disjoint parts, put together as a producer with inclusive counts sends them. */
const anyUsage: fc.Arbitrary<NormalUsage> = fc
  .record({
    text: count,
    cacheRead: count,
    cacheWrite5m: count,
    cacheWrite1h: count,
    audioInput: count,
    imageInput: count,
    textOutput: count,
    reasoning: count,
    audioOutput: count,
    imageOutput: count,
    webSearches: fc.nat(5),
  })
  .map(({ text, textOutput, ...parts }) => {
    const { cacheRead, cacheWrite5m, cacheWrite1h, audioInput, imageInput } = parts;
    return normaliseUsage(
      {
        ...createRawUsage(),
        ...parts,
        input: text + cacheRead + cacheWrite5m + cacheWrite1h + audioInput + imageInput,
        output: textOutput + parts.reasoning + parts.audioOutput + parts.imageOutput,
        inputConvention: "inclusive",
        outputConvention: "inclusive",
      },
      createNormalUsage(),
    );
  });

const USAGES_PER_TIME = 12;

describe("every model of the installed package", () => {
  it("is reached, and there are as many as the package's data names", () => {
    expect(entries).toHaveLength(1_694);
    expect(new Set(entries.map(({ provider }) => provider.id)).size).toBe(43);
  });

  it("costs what the library says, at every time, for any usage", () => {
    const differences: (string | undefined)[] = [];
    for (const { provider, model, name } of entries) {
      for (const timestamp of interestingTimes(model)) {
        const prices = book.resolve({ provider: provider.id, model: name, at: timestamp }).prices;
        for (const usage of fc.sample(anyUsage, USAGES_PER_TIME)) {
          const oracle = calcPrice(libraryUsage(usage), name, {
            providerId: provider.id,
            timestamp,
          });
          differences.push(differenceToLibrary({ usage, prices, oracle }));
        }
      }
    }
    expect(differences.filter((difference) => difference !== undefined)).toEqual([]);
    expect(differences.length).toBeGreaterThan(entries.length * USAGES_PER_TIME);
  });

  it("is resolved without a provider exactly where the library finds its provider", () => {
    const timestamp = new Date("2026-09-01T12:00:00Z");
    const differences = entries.filter(
      ({ name }) =>
        (book.resolve({ provider: undefined, model: name, at: timestamp }).prices === undefined) !==
        (calcPrice({}, name, { timestamp }) === null),
    );
    expect(differences).toEqual([]);
  });

  it("has no price of a kind that is neither counted nor listed here", () => {
    const uncounted = new Set<string>();
    for (const { provider, model, name } of entries) {
      for (const at of interestingTimes(model)) {
        for (const key of book.resolve({ provider: provider.id, model: name, at }).prices
          ?.uncounted ?? [])
          uncounted.add(key);
      }
    }
    expect([...uncounted].sort()).toEqual([
      "audio_hours",
      "cache_audio_read_mtok",
      "cache_image_read_mtok",
      "input_annotated_document_kpages",
      "input_audio_hours",
      "input_document_kpages",
      "input_video_mtok",
      "output_citation_mtok",
      "output_video_mtok",
    ]);
  });

  it("has whole prices in pico-USD per token, but for the averages of one third", () => {
    const rounded = new Set<number>();
    for (const { model } of entries) {
      const list = Array.isArray(model.prices)
        ? model.prices.map((entry) => entry.prices)
        : [model.prices];
      for (const price of list.flatMap(allPrices)) {
        if (Math.abs(price * 1e6 - Math.round(price * 1e6)) > 1e-6) rounded.add(price);
      }
    }
    expect([...rounded]).toEqual([0.08333333333333334]);
  });
});

function allPrices(price: ModelPrice): number[] {
  return Object.values(price).flatMap((entry) => {
    if (entry === undefined) return [];
    return typeof entry === "number"
      ? entry
      : [entry.base, entry.tiers.map((tier) => tier.price)].flat();
  });
}

describe("a tiered model of the book", () => {
  it.each([
    [199_999, 599_997_000n],
    [200_000, 600_000_000n],
    [200_001, 1_200_006_000n],
  ])("costs for %d input tokens what the docstring says", (input, expected) => {
    const at = new Date("2026-09-01T12:00:00Z");
    const prices = book.resolve({ provider: "anthropic", model: "claude-sonnet-4-5", at })
      .prices as UnitPrices;
    const usage = normaliseUsage({ ...createRawUsage(), input, output: 0 }, createNormalUsage());
    expect(priceCall(usage, prices)).toBe(expected);
    expect(priceCallNumber(usage, prices)).toBe(Number(expected));
  });
});

describe("the library itself", () => {
  it("refuses cached tokens above the input, which our normal form cannot hold", () => {
    const raw: Usage = { input_tokens: 5, cache_read_tokens: 10, output_tokens: 1 };
    expect(() => calcPrice(raw, "gpt-4o", { providerId: "openai" })).toThrow(/cannot exceed/);
    const usage = normaliseUsage(
      { ...createRawUsage(), input: 5, cacheRead: 10, output: 1 },
      createNormalUsage(),
    );
    const prices = book.resolve({ provider: "openai", model: "gpt-4o", at: new Date() })
      .prices as UnitPrices;
    expect(priceCall(usage, prices)).toBe(5n * 2_500n + 10n * 1_250n + 10_000n);
  });
});
