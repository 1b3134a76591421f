import { parsePriceEntries } from "@lensai/otel-config/pricing/parse-price-entries";
import { expect, test } from "vitest";
import { formatAmount, priceLines, statementOf } from "#lib/prices/price-fields.ts";
import { statementStates } from "#lib/prices/statement-state.ts";

test.each([
  [2.5, "$2.50"],
  ["0.000001", "$0.000001"],
  [1e-7, "$0.0000001"],
  ["12", "$12.00"],
])("the amount %s is shown as %s, every digit of it", (amount, text) => {
  expect(formatAmount(amount)).toBe(text);
});

test("prices come in the order of the form, with what they are above a number of tokens", () => {
  const lines = priceLines({
    storage_searches_kcount: 2.5,
    video_seconds: 3,
    web_searches_kcount: "10",
    output_mtok: { base: 8, tiers: [{ start: 200_000, price: "12" }] },
    input_mtok: "1",
  });
  expect(lines.map(({ label, amount, unit, tiers }) => [label, amount, unit, tiers])).toEqual([
    ["Input", "$1.00", "a million tokens", []],
    ["Output", "$8.00", "a million tokens", ["$12.00 above 200,000 input tokens"]],
    ["Searches", "$10.00", "a thousand", []],
    ["storage searches", "$2.50", "a thousand", []],
    ["video seconds", "$3.00", "each", []],
  ]);
});

test("a form says what is filled in, and nothing else", () => {
  const form = new FormData();
  const fields = { provider: " openai ", match: "exact", model: "gpt-5", input_mtok: "1" };
  for (const [name, value] of Object.entries({ ...fields, output_mtok: " ", source: "a contract" }))
    form.set(name, value);
  expect(statementOf(form)).toEqual({
    provider: "openai",
    model: "gpt-5",
    prices: { input_mtok: "1" },
    source: "a contract",
  });
});

test("all models of a provider are a beginning that is empty; no model is none", () => {
  const form = new FormData();
  form.set("match", "prefix");
  form.set("multiplier", "0.9");
  expect(statementOf(form)).toEqual({ modelPrefix: "", multiplier: "0.9" });
  form.set("match", "exact");
  form.set("withdrawn", "true");
  expect(statementOf(form)).toEqual({ multiplier: "0.9", withdrawn: true });
});

const NOW = Date.parse("2026-11-15T12:00:00Z");

/** The states of statements about one model, in the order in which they were made. */
function statesOf(...statements: readonly object[]): unknown[] {
  const common = {
    provider: "openai",
    model: "gpt-5",
    recordedAt: "2026-11-01",
    recordedBy: "ann",
    source: "a contract",
  };
  const { entries, problems } = parsePriceEntries({
    formatVersion: 1,
    entries: statements.map((statement) => Object.assign({}, common, statement)),
  });
  expect(problems).toEqual([]);
  const recorded = entries.map((entry, index) => ({ number: index + 1, entry }));
  return [...statementStates(recorded, NOW).values()];
}

const HALF = { multiplier: 0.5 };

test.each<[readonly object[], readonly string[]]>([
  [[HALF], ["holds"]],
  [
    [HALF, { multiplier: 0.4 }],
    ["replaced", "holds"],
  ],
  [
    [HALF, { multiplier: 0.4, model: "o3" }],
    ["holds", "holds"],
  ],
  [
    [HALF, { multiplier: 0.4, serviceTier: "batch" }],
    ["holds", "holds"],
  ],
  [
    [HALF, { withdrawn: true }],
    ["withdrawn", "withdrawal"],
  ],
  [
    [HALF, { withdrawn: true }, HALF],
    ["withdrawn", "withdrawal", "holds"],
  ],
  [[{ ...HALF, validFrom: "2026-12-01" }], ["later"]],
  [[{ ...HALF, validUntil: "2026-11-15" }], ["over"]],
  [
    [HALF, { multiplier: 0.4, validFrom: "2026-12-01" }],
    ["holds", "later"],
  ],
  [
    [HALF, { multiplier: 0.4, validFrom: "2026-11-10", validUntil: "2026-11-20" }],
    ["replaced", "holds"],
  ],
  [
    [HALF, { multiplier: 0.4, validUntil: "2026-11-10" }],
    ["holds", "over"],
  ],
  [
    [
      { ...HALF, validFrom: "2026-12-01", validUntil: "2026-12-31" },
      { multiplier: 0.4, validFrom: "2026-11-20" },
    ],
    ["replaced", "later"],
  ],
])("of %j the states are %j", (statements, states) => {
  expect(statesOf(...statements)).toEqual(states);
});
