import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createPriceBook } from "../../src/pricing/layered-book.ts";
import type { PriceBook, PriceQuery } from "../../src/pricing/price-book.ts";
import type { PriceChange, PriceEntry, PriceLayer } from "../../src/pricing/price-layer.ts";

const AT = new Date("2026-09-01T12:00:00Z");
const RECORDED = new Date("2026-08-01T00:00:00Z");

const entry = (fields: Partial<PriceEntry> & { change: PriceChange }): PriceEntry => ({
  projectId: undefined,
  provider: "openai",
  model: "gpt-5",
  match: "exact",
  serviceTier: "standard",
  validFrom: undefined,
  validUntil: undefined,
  recordedAt: RECORDED,
  recordedBy: "ann",
  source: "negotiated: contract 7",
  ...fields,
});
const layer = (entries: readonly PriceEntry[], name = "overrides"): PriceLayer => ({
  name,
  version: `${name}@1`,
  entries,
});
const prices = (input: number, output?: number): PriceChange => ({
  kind: "prices",
  prices: { input_mtok: input, ...(output !== undefined && { output_mtok: output }) },
});
const times = (multiplier: string, except: string[] = []): PriceChange => ({
  kind: "multiplier",
  multiplier,
  except,
});

/** Input, cache read and output in $ per million tokens. */
function dollars(book: PriceBook, query: Partial<PriceQuery> = {}): unknown[] | undefined {
  const answer = book.resolve({ provider: "openai", model: "gpt-5", at: AT, ...query });
  const base = answer.prices?.base;
  return base && [base.input, base.cacheRead, base.output].map((pico) => pico && pico / 1e6);
}
const bookOf = (...entries: PriceEntry[]): PriceBook => createPriceBook([layer(entries)]);

const before = (date: Date): Date => new Date(date.getTime() - 1);

const LIST = [1.25, 0.125, 10];

describe("an override", () => {
  it("replaces the prices it names and leaves the others", () => {
    expect(dollars(bookOf(entry({ change: prices(1) })))).toEqual([1, 0.125, 10]);
    expect(dollars(bookOf(entry({ change: prices(1, 8) })))).toEqual([1, 0.125, 8]);
  });

  it("gives a price to a model, and to a provider, that the list does not know", () => {
    const own = entry({ provider: "vllm", model: "llama", change: prices(0.5, 1) });
    expect(dollars(bookOf(own), { provider: "vllm", model: "llama" })).toEqual([0.5, 0.5, 1]);
    expect(dollars(bookOf(own), { provider: "vllm", model: "llama-2" })).toBeUndefined();
  });

  it("does not make a model known by the price of a part alone", () => {
    const part: PriceChange = { kind: "prices", prices: { cache_write_1h_mtok: 6 } };
    const book = bookOf(entry({ model: "own", change: part }));
    expect(book.resolve({ provider: "openai", model: "own", at: AT })).toMatchObject({
      prices: undefined,
      gap: "model",
    });
  });

  it("counts for a span without a provider when the list knows whose the model is", () => {
    const book = bookOf(entry({ change: prices(1) }));
    expect(dollars(book, { provider: undefined })).toEqual([1, 0.125, 10]);
  });

  it("counts for a model behind a LiteLLM gateway", () => {
    const book = bookOf(entry({ change: prices(1) }));
    expect(dollars(book, { provider: "litellm", model: "openai/gpt-5" })).toEqual([1, 0.125, 10]);
  });

  it("multiplies every price per token exactly, tiers too, and no fee", () => {
    const discount = entry({ model: "", match: "prefix", change: times("0.85") });
    expect(dollars(bookOf(discount))).toEqual([1.0625, 0.10625, 8.5]);
    const { prices: tiered } = bookOf(discount).resolve({
      provider: "openai",
      model: "gpt-5.4",
      at: AT,
    });
    expect(tiered?.tiers.map((tier) => tier.input)).toEqual([4_250_000]);
    expect(tiered?.perWebSearchPicoUsd).toBe(10_000_000_000);
  });

  it("multiplies nothing where there is no price", () => {
    const discount = entry({ provider: "vllm", model: "", match: "prefix", change: times("0.5") });
    expect(dollars(bookOf(discount), { provider: "vllm", model: "llama" })).toBeUndefined();
  });

  it("says with the price who is answerable for it", () => {
    const change = prices(1);
    const answer = bookOf(entry({ change })).resolve({
      provider: "openai",
      model: "gpt-5",
      at: AT,
    });
    expect(answer.overrides).toEqual([{ layer: "overrides", entry: entry({ change }) }]);
    const list = createPriceBook().resolve({ provider: "openai", model: "gpt-5", at: AT });
    expect(list.overrides).toEqual([]);
  });
});

describe("of several overrides in a layer", () => {
  it("that of the project counts, then the exact name, then the longer prefix", () => {
    const book = bookOf(
      entry({ model: "", match: "prefix", change: prices(1) }),
      entry({ model: "gpt", match: "prefix", change: prices(2) }),
      entry({ change: prices(3) }),
      entry({ projectId: "p1", model: "", match: "prefix", change: prices(4) }),
    );
    expect(dollars(book, { projectId: "p1" })?.[0]).toBe(4);
    expect(dollars(book, { projectId: "p2" })?.[0]).toBe(3);
    expect(dollars(book)?.[0]).toBe(3);
    expect(dollars(book, { model: "gpt-4o" })?.[0]).toBe(2);
    expect(dollars(book, { model: "o3" })?.[0]).toBe(1);
  });

  it("the one recorded last counts, and of one moment the one further down", () => {
    const earlier = entry({ change: prices(1), recordedAt: new Date("2026-07-01T00:00:00Z") });
    const later = entry({ change: prices(2), recordedAt: RECORDED });
    expect(dollars(bookOf(later, earlier))?.[0]).toBe(2);
    expect(dollars(bookOf(later, entry({ change: prices(3) })))?.[0]).toBe(3);
  });

  it("one that was withdrawn uncovers what lies below", () => {
    const wide = entry({ model: "gpt", match: "prefix", change: prices(2) });
    const narrow = entry({ change: prices(1) });
    const end = entry({ change: { kind: "withdrawal" } });
    expect(dollars(bookOf(wide, narrow, end))?.[0]).toBe(2);
    expect(dollars(bookOf(narrow, end))).toEqual(LIST);
  });

  it("one for a name counts for its dated snapshots, after one for the snapshot, before a prefix", () => {
    const snapshot = "gpt-5-2025-08-07";
    const named = entry({ change: prices(1) });
    expect(dollars(bookOf(named), { model: snapshot })?.[0]).toBe(1);
    const own = entry({ model: snapshot, change: prices(2) });
    expect(dollars(bookOf(own, named), { model: snapshot })?.[0]).toBe(2);
    expect(dollars(bookOf(own, named))?.[0]).toBe(1);
    const begun = entry({ model: "gpt-5-2025", match: "prefix", change: prices(3) });
    expect(dollars(bookOf(begun, named), { model: snapshot })?.[0]).toBe(1);
  });

  it("one for a name does not count for a snapshot that the list has at another price", () => {
    const book = bookOf(entry({ model: "gpt-4o", change: prices(1) }));
    expect(dollars(book, { model: "gpt-4o-2024-11-20" })?.[0]).toBe(1);
    expect(dollars(book, { model: "gpt-4o-2024-05-13" })?.[0]).toBe(5);
  });

  it.each([
    ["anthropic", "claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
    ["gcp.vertex_ai", "claude-sonnet-4-5", "claude-sonnet-4-5@20250929"],
    ["vllm", "own-model", "own-model-2026-01-31"],
  ])("%s calls %s also %s", (provider, model, snapshot) => {
    const book = bookOf(entry({ provider, model, change: prices(1, 2) }));
    expect(dollars(book, { provider, model: snapshot })?.[0]).toBe(1);
    expect(dollars(book, { provider, model: `${model}-mini` })?.[0]).not.toBe(1);
  });

  it("letter case of the model does not matter", () => {
    expect(dollars(bookOf(entry({ model: "GPT-5", change: prices(1) })))?.[0]).toBe(1);
    expect(dollars(bookOf(entry({ change: prices(1) })), { model: "GPT-5" })?.[0]).toBe(1);
  });
});

describe("layers", () => {
  it("lie on each other, the last on top", () => {
    const book = createPriceBook([
      layer([entry({ change: prices(1, 8) })], "low"),
      layer([entry({ change: times("0.5") })], "high"),
    ]);
    expect(dollars(book)).toEqual([0.5, 0.0625, 4]);
    expect(book.version).toMatch(/\+low@1\+high@1$/);
  });
});

describe("time", () => {
  const from = new Date("2026-09-01T00:00:00Z");
  const until = new Date("2026-10-01T00:00:00Z");
  const september = entry({ change: prices(1), validFrom: from, validUntil: until });

  it("a price holds from its first moment up to, not including, its last", () => {
    const book = bookOf(september);
    const inputAt = (at: Date): unknown => dollars(book, { at })?.[0];
    expect([before(from), from, before(until), until].map(inputAt)).toEqual([1.25, 1, 1, 1.25]);
  });

  it("an answer names the period in which it stays the same", () => {
    const query = { provider: "openai", model: "gpt-5" };
    const book = bookOf(september);
    expect(book.resolve({ ...query, at: AT })).toMatchObject({
      validFromMs: from.getTime(),
      validUntilMs: until.getTime(),
    });
    expect(book.resolve({ ...query, at: until }).validFromMs).toBe(until.getTime());
  });

  it("a model that is unknown today may have a price tomorrow", () => {
    const own = entry({ provider: "vllm", model: "llama", change: prices(1, 1), validFrom: until });
    const book = bookOf(own);
    const query = { provider: "vllm", model: "llama" };
    expect(book.resolve({ ...query, at: AT })).toMatchObject({
      prices: undefined,
      gap: "provider",
      validUntilMs: until.getTime(),
    });
    expect(book.resolve({ ...query, at: until }).prices).toBeDefined();
  });

  it("a correction leaves what was believed before to be asked for", () => {
    const corrected = new Date("2026-09-10T00:00:00Z");
    const book = bookOf(
      entry({ change: prices(1) }),
      entry({ change: prices(2), recordedAt: corrected }),
    );
    expect(dollars(book)?.[0]).toBe(2);
    expect(dollars(book, { recordedUntil: before(corrected) })?.[0]).toBe(1);
    expect(dollars(book, { recordedUntil: corrected })?.[0]).toBe(2);
    expect(dollars(book, { recordedUntil: before(RECORDED) })).toEqual(LIST);
    expect(dollars(book)?.[0]).toBe(2);
  });

  it("a time that is none has no price, and spoils no other answer", () => {
    const book = createPriceBook();
    expect(dollars(book, { at: new Date(Number.NaN) })).toBeUndefined();
    expect(dollars(book)).toEqual(LIST);
  });
});

describe("service tiers", () => {
  it.each([undefined, "", "auto", "Default", "standard", "standard_only", "on_demand"])(
    "%s is the standard tier",
    (serviceTier) => {
      expect(dollars(createPriceBook(), { serviceTier })).toEqual(LIST);
    },
  );

  it.each([
    ["openai", "gpt-5", "batch", [0.625, 0.0625, 5]],
    ["openai", "gpt-5-2025-08-07", "flex", [0.625, 0.0625, 5]],
    ["openai", "gpt-5-2025-08-07", "priority", [2.5, 0.25, 20]],
    ["openai", "gpt-5-mini", "priority", [0.45, 0.045, 3.6]],
    ["openai", "gpt-5.5", "priority", [12.5, 1.25, 75]],
    ["openai", "gpt-4.1-2025-04-14", "priority", [3.5, 0.875, 14]],
    ["openai", "gpt-4o-2024-11-20", "priority", [4.25, 2.125, 17]],
    ["openai", "gpt-4o-mini", "priority", [0.25, 0.125, 1]],
    ["azure", "gpt-4.1", "batch", [1, 0.25, 4]],
    ["anthropic", "claude-sonnet-4-5", "batch", [1.5, 0.15, 7.5]],
    ["gcp.gemini", "gemini-2.5-flash", "flex", [0.15, 0.015, 1.25]],
    ["gcp.vertex_ai", "gemini-2.5-flash", "batch", [0.15, 0.03, 1.25]],
    ["groq", "llama-3.3-70b-versatile", "flex", [0.59, 0.59, 0.79]],
  ])("%s %s in %s costs %j", (...[provider, model, serviceTier, expected]) => {
    expect(dollars(createPriceBook(), { provider, model, serviceTier })).toEqual(expected);
  });

  it.each([
    ["openai", "gpt-5-nano", "priority"],
    ["openai", "gpt-5", "scale"],
    ["anthropic", "claude-sonnet-4-5", "priority"],
    ["openai", "gpt-5", "something new"],
  ])("%s %s in %s has no published price, so it is unknown", (provider, model, serviceTier) => {
    const book = createPriceBook();
    const answer = book.resolve({ provider, model, serviceTier, at: AT });
    expect(answer).toMatchObject({ prices: undefined, gap: "service_tier", overrides: [] });
  });

  it("are published, and so do not depend on what was recorded here, and when", () => {
    const long = new Date("2020-01-01T00:00:00Z");
    expect(dollars(createPriceBook(), { serviceTier: "batch", recordedUntil: long })?.[0]).toBe(
      0.625,
    );
  });

  it("take their discount from the price that the customer pays otherwise", () => {
    const book = bookOf(entry({ change: prices(1) }));
    expect(dollars(book, { serviceTier: "batch" })).toEqual([0.5, 0.0625, 5]);
  });

  it("can have a price of their own", () => {
    const own = entry({ serviceTier: "scale", change: prices(0.7, 6) });
    expect(dollars(bookOf(own), { serviceTier: "scale" })).toEqual([0.7, 0.125, 6]);
    expect(dollars(bookOf(own))).toEqual(LIST);
  });

  it("of an unknown model are unknown because the model is", () => {
    const answer = createPriceBook().resolve({
      provider: "openai",
      model: "nothing",
      serviceTier: "batch",
      at: AT,
    });
    expect(answer.gap).toBe("model");
  });
});

const anyEntry = fc
  .record({
    projectId: fc.constantFrom(undefined, "p1"),
    model: fc.constantFrom("", "gpt", "gpt-5"),
    match: fc.constantFrom("exact" as const, "prefix" as const),
    serviceTier: fc.constantFrom("standard", "batch"),
    change: fc.oneof(
      fc.integer({ min: 1, max: 50 }).map((input) => prices(input)),
      fc.constantFrom(times("0.5"), times("2")),
      fc.constant<PriceChange>({ kind: "withdrawal" }),
    ),
    fromDay: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
    days: fc.option(fc.integer({ min: 1, max: 10 }), { nil: undefined }),
    recordedDay: fc.integer({ min: 1, max: 28 }),
  })
  .map(({ fromDay, days, recordedDay, ...fields }) =>
    entry({
      ...fields,
      validFrom: fromDay === undefined ? undefined : day(fromDay),
      validUntil: days === undefined ? undefined : day((fromDay ?? 1) + days),
      recordedAt: day(recordedDay),
    }),
  );
const day = (number: number): Date => new Date(Date.UTC(2026, 8, number));

describe("any set of overrides", () => {
  it("answers the same from a warm book as from a fresh one, within the period it names", () => {
    fc.assert(
      fc.property(fc.array(anyEntry, { maxLength: 8 }), (entries) => {
        const warm = bookOf(...entries);
        for (let hour = 0; hour < 32 * 24; hour += 11) {
          for (const serviceTier of ["standard", "batch"]) {
            const at = new Date(day(1).getTime() + hour * 3_600_000);
            const query = { provider: "openai", model: "gpt-5", projectId: "p1", serviceTier, at };
            const { prices: expected } = bookOf(...entries).resolve(query);
            expect(warm.resolve(query).prices).toEqual(expected);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it("says of the past what a book without the later entries says", () => {
    fc.assert(
      fc.property(
        fc.array(anyEntry, { maxLength: 8 }),
        fc.integer({ min: 1, max: 28 }),
        (entries, until) => {
          const recordedUntil = day(until);
          const then = entries.filter((one) => one.recordedAt <= recordedUntil);
          const query = { provider: "openai", model: "gpt-5", at: AT };
          expect(bookOf(...entries).resolve({ ...query, recordedUntil })).toEqual(
            bookOf(...then).resolve(query),
          );
        },
      ),
    );
  });
});

it("works without `Map.groupBy`, which Node 20 does not have", () => {
  const groupBy = Object.getOwnPropertyDescriptor(Map, "groupBy");
  Reflect.deleteProperty(Map, "groupBy");
  try {
    expect(dollars(bookOf(entry({ change: prices(1, 2) })))?.[0]).toBe(1);
  } finally {
    if (groupBy !== undefined) Object.defineProperty(Map, "groupBy", groupBy);
  }
});
