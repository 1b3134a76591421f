import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parsePriceEntries, priceDocument } from "../../src/pricing/parse-price-entries.ts";

const ENTRY = {
  provider: "OpenAI",
  model: "gpt-5",
  prices: { input_mtok: 1, output_mtok: { base: "8", tiers: [{ start: 200_000, price: 12 }] } },
  validFrom: "2026-11-01",
  recordedAt: "2026-10-20T08:00:00Z",
  recordedBy: "ann",
  source: "negotiated: contract 7",
};
const parse = (...entries: unknown[]): ReturnType<typeof parsePriceEntries> =>
  parsePriceEntries({ formatVersion: 1, entries });

describe("an entry", () => {
  it("names provider and tier in any spelling, and times in UTC", () => {
    const { entries, problems } = parse(
      { ...ENTRY, serviceTier: "Batch", project: "p1", validUntil: "2026-12-01T12:30:00Z" },
      { ...ENTRY, provider: "az.ai.openai", serviceTier: "default" },
    );
    expect(problems).toEqual([]);
    expect(entries[0]).toEqual({
      projectId: "p1",
      provider: "openai",
      model: "gpt-5",
      match: "exact",
      serviceTier: "batch",
      change: { kind: "prices", prices: ENTRY.prices },
      validFrom: new Date("2026-11-01T00:00:00Z"),
      validUntil: new Date("2026-12-01T12:30:00Z"),
      recordedAt: new Date("2026-10-20T08:00:00Z"),
      recordedBy: "ann",
      source: "negotiated: contract 7",
    });
    expect(entries[1]).toMatchObject({
      projectId: undefined,
      provider: "azure.ai.openai",
      serviceTier: "standard",
    });
  });

  it("changes prices by amounts, by a factor, or takes them back", () => {
    const { prices: _prices, ...rest } = ENTRY;
    const { model: _model, ...family } = { ...rest, modelPrefix: "" };
    const { entries, problems } = parse(
      { ...family, multiplier: 0.85, except: ["cache_read_mtok"] },
      { ...rest, withdrawn: true },
    );
    expect(problems).toEqual([]);
    expect(entries.map(({ match, change }) => ({ match, change }))).toEqual([
      {
        match: "prefix",
        change: { kind: "multiplier", multiplier: "0.85", except: ["cache_read_mtok"] },
      },
      { match: "exact", change: { kind: "withdrawal" } },
    ]);
  });
});

describe("a problem", () => {
  const without = (name: string): object =>
    Object.fromEntries(Object.entries(ENTRY).filter(([key]) => key !== name));

  it.each([
    [{ ...ENTRY, price: 1 }, "entries[0].price: no such field"],
    [without("provider"), "entries[0].provider: is missing"],
    [without("source"), "entries[0].source: is missing"],
    [without("recordedAt"), "entries[0].recordedAt: is missing"],
    [without("recordedBy"), "entries[0].recordedBy: is missing"],
    [without("model"), 'entries[0]: needs either "model" or "modelPrefix"'],
    [{ ...ENTRY, modelPrefix: "g" }, 'entries[0]: needs either "model" or "modelPrefix"'],
    [{ ...ENTRY, model: "" }, "entries[0].model: is empty"],
    [{ ...ENTRY, source: " " }, "entries[0].source: "],
    [without("prices"), "entries[0]: needs exactly one of"],
    [{ ...ENTRY, multiplier: 2 }, "entries[0]: needs exactly one of"],
    [{ ...ENTRY, prices: {} }, "entries[0].prices: is empty"],
    [{ ...ENTRY, prices: { input: 1 } }, "entries[0].prices.input: no such price"],
    [{ ...ENTRY, prices: { input_mtok: -1 } }, "entries[0].prices.input_mtok: -1 is not an amount"],
    [{ ...ENTRY, prices: { input_mtok: "1,5" } }, "entries[0].prices.input_mtok: "],
    [{ ...ENTRY, prices: { input_mtok: null } }, "entries[0].prices.input_mtok: null"],
    [{ ...ENTRY, prices: { input_mtok: { base: 1 } } }, "entries[0].prices.input_mtok: is not an"],
    [
      { ...ENTRY, prices: { input_mtok: { base: 1, tiers: [{ start: 1.5, price: 2 }] } } },
      "entries[0].prices.input_mtok: tiers[0]",
    ],
    [{ ...without("prices"), multiplier: "-1" }, 'entries[0].multiplier: "-1"'],
    [{ ...without("prices"), multiplier: 1001 }, "entries[0].multiplier: 1001"],
    [{ ...without("prices"), withdrawn: false }, "entries[0].withdrawn: false"],
    [{ ...ENTRY, except: [] }, "entries[0].except: "],
    [{ ...ENTRY, validFrom: "1.11.2026" }, 'entries[0].validFrom: "1.11.2026"'],
    [{ ...ENTRY, validFrom: "2026-13-01" }, 'entries[0].validFrom: "2026-13-01"'],
    [{ ...ENTRY, validUntil: "2026-11-01" }, 'entries[0].validUntil: "2026-11-01"'],
    ["gpt-5", "entries[0]: is not an object"],
  ])("of %j is named with its path", (entry, expected) => {
    const { entries, problems } = parse(entry);
    expect(problems).toEqual([expect.stringContaining(expected)]);
    expect(entries).toEqual([]);
  });

  it("does not hide the others, and takes the good entries with it", () => {
    const { entries, problems } = parse(ENTRY, { ...ENTRY, source: 1 }, { ...ENTRY, model: 2 });
    expect(problems).toHaveLength(2);
    expect(entries).toEqual([]);
  });

  it.each([
    [undefined, "the document is not an object"],
    [[], "the document is not an object"],
    [{ formatVersion: 2, entries: [] }, "formatVersion: 2 is not 1"],
    [{ formatVersion: 1 }, "entries: is not a list"],
    [
      { formatVersion: 1, entries: Array.from({ length: 50_001 }) },
      "entries: has 50001, at most 50000",
    ],
  ])("of a document like %j is named", (document, expected) => {
    expect(parsePriceEntries(document).problems).toEqual([expect.stringContaining(expected)]);
  });
});

describe("whatever is given", () => {
  it("is read or refused, never thrown at the caller", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const { entries, problems } = parse(value);
        expect(entries.length + problems.length).toBeGreaterThan(0);
      }),
    );
  });

  it("reads back from the document that is written of it", () => {
    const { entries } = parse(
      { ...ENTRY, project: "p" },
      { ...ENTRY, prices: undefined, multiplier: "0.5", except: ["cache_read_mtok"] },
      { ...ENTRY, prices: undefined, withdrawn: true, model: undefined, modelPrefix: "gpt" },
    );
    expect(entries).toHaveLength(3);
    const text = JSON.stringify(priceDocument(entries));
    expect(parsePriceEntries(JSON.parse(text)).entries).toEqual(entries);
  });
});
