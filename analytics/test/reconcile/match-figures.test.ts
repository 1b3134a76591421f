import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DailyCalls } from "../../src/queries/daily-calls-by-model.ts";
import { matchFigures } from "../../src/reconcile/match-figures.ts";
import type { Measures, ProviderRecord } from "../../src/reconcile/provider-record.ts";
import { sumClasses } from "../../src/reconcile/sum-classes.ts";

const ONE_PERCENT = 10_000n;
const DAY = "2026-11-01";

/** What the provider tells of gpt-5, unless told otherwise. */
const theirs = (told: Partial<Measures>, values: Partial<ProviderRecord> = {}): ProviderRecord => ({
  day: DAY,
  provider: "openai",
  model: "gpt-5",
  item: undefined,
  told,
  ...values,
});

/** Ten priced calls of gpt-5. */
const ours = (values: Partial<DailyCalls> = {}): DailyCalls => ({
  day: DAY,
  provider: "openai",
  model: "gpt-5",
  calls: 10,
  estimatedCalls: 0,
  unpricedCalls: 0,
  isMetered: false,
  costNanoUsd: 1000n,
  inputTokens: 500n,
  cacheReadTokens: 100n,
  cacheWriteTokens: undefined,
  outputTokens: 50n,
  ...values,
});

const usage = { requests: 10n, inputTokens: 500n, cacheReadTokens: 100n, outputTokens: 50n };

const match = (records: ProviderRecord[], calls: DailyCalls[]) =>
  matchFigures(records, calls, ONE_PERCENT);

/** Class and causes of the only row. */
function verdict(records: ProviderRecord[], calls: DailyCalls[]): unknown[] {
  const rows = match(records, calls);
  expect(rows).toHaveLength(1);
  return [rows[0]?.class, ...(rows[0]?.causes ?? [])];
}

describe("classes", () => {
  it.each([
    [1000n, "matched"],
    [1010n, "matched"],
    [991n, "matched"],
    [1011n, "differs"],
    [990n, "differs"],
    [0n, "differs"],
  ])("%s there and 1000n here: %s", (costNanoUsd, name) => {
    const [row] = match([theirs({ costNanoUsd, inputTokens: 1n })], [ours()]);
    expect(row?.class).toBe(name);
  });

  it("has what only one side knows", () => {
    expect(verdict([theirs({ costNanoUsd: 1n })], [])).toEqual(["provider_only", "calls_not_seen"]);
    expect(verdict([], [ours()])).toEqual(["ours_only", "calls_not_charged"]);
    expect(verdict([theirs({ costNanoUsd: 0n })], [ours()])).toEqual([
      "ours_only",
      "calls_not_charged",
    ]);
    expect(match([theirs({ costNanoUsd: 0n, inputTokens: 0n })], [])).toEqual([]);
  });

  it("judges by tokens where no money is told, by requests where no tokens are", () => {
    expect(verdict([theirs(usage)], [ours({ costNanoUsd: 7n })])).toEqual(["matched"]);
    expect(verdict([theirs({ ...usage, outputTokens: 51n })], [ours()])).toEqual([
      "differs",
      "tokens",
    ]);
    expect(verdict([theirs({ requests: 10n })], [ours()])).toEqual(["matched"]);
    expect(verdict([theirs({ requests: 11n })], [ours()])).toEqual(["differs", "calls_not_seen"]);
  });

  it("matches no cost that is not known here, and takes a cache that nobody used for unused", () => {
    const unpriced = ours({ costNanoUsd: undefined, unpricedCalls: 10 });
    expect(verdict([theirs({ costNanoUsd: 1n })], [unpriced])).toEqual([
      "differs",
      "not_exact_here",
    ]);
    expect(verdict([theirs({ ...usage, cacheWriteTokens: 0n })], [ours()])).toEqual(["matched"]);
  });
});

describe("causes of a difference", () => {
  const cost = { costNanoUsd: 2000n };
  it.each<[string, Partial<Measures>, Partial<DailyCalls>, string[]]>([
    ["more requests there", { ...usage, requests: 20n }, {}, ["calls_not_seen"]],
    ["more calls here", { ...usage, requests: 5n }, {}, ["calls_not_charged"]],
    [
      "a metric's calls are not counted",
      { ...usage, requests: 20n },
      { isMetered: true },
      ["price_or_tier"],
    ],
    ["the same tokens", usage, {}, ["price_or_tier"]],
    ["cached tokens not told here", usage, { cacheReadTokens: undefined }, ["cached_tokens"]],
    ["other cached tokens", { ...usage, cacheWriteTokens: 9n }, {}, ["cached_tokens"]],
    ["other tokens of as many calls", { ...usage, inputTokens: 900n }, {}, ["tokens"]],
    ["nothing but dollars", {}, {}, ["not_told"]],
    ["some estimated here", usage, { estimatedCalls: 3 }, ["not_exact_here", "price_or_tier"]],
    [
      "all estimated or unpriced here",
      usage,
      { estimatedCalls: 6, unpricedCalls: 4 },
      ["not_exact_here"],
    ],
  ])("%s", (_, ...[told, here, causes]) => {
    const files = [theirs(cost), ...(Object.keys(told).length > 0 ? [theirs(told)] : [])];
    expect(verdict(files, [ours(here)])).toEqual(["differs", ...causes]);
  });

  it("is no model for what is charged without one", () => {
    const fee = theirs(cost, { model: undefined, item: "web search tool calls" });
    expect(verdict([fee], [])).toEqual(["provider_only", "no_model"]);
  });
});

const namesOfRows = (their: string[], our: string[]) =>
  match(
    their.map((model) => theirs({ costNanoUsd: 1000n }, { model })),
    our.map((model) => ours({ model })),
  ).map((row) => [row.model, row.class, row.ours?.calls]);

describe("names", () => {
  it("of dated snapshots stay apart where both sides tell the same ones", () => {
    expect(namesOfRows(["gpt-5-2025-08-07", "GPT-5"], ["gpt-5", "gpt-5-2025-08-07"])).toEqual([
      ["gpt-5", "matched", 10],
      ["gpt-5-2025-08-07", "matched", 10],
    ]);
  });

  it("with and without a date are one model where only one side tells the date", () => {
    expect(namesOfRows(["gpt-5-2025-08-07"], ["gpt-5"])).toEqual([["gpt-5", "matched", 10]]);
    expect(
      namesOfRows(
        ["claude-opus-4-20250514", "claude-opus-4-20250514"],
        ["claude-opus-4", "claude-opus-4-20250514"],
      ),
    ).toEqual([["claude-opus-4", "matched", 20]]);
  });

  it("of other models, providers and days are never one", () => {
    const there = [theirs({ costNanoUsd: 1000n })];
    expect(match(there, [ours({ model: "gpt-5-mini" })])).toHaveLength(2);
    expect(match(there, [ours({ provider: "azure" })])).toHaveLength(2);
    expect(match(there, [ours({ day: "2026-11-02" })])).toHaveLength(2);
    expect(match(there, [ours({ provider: "openai.chat" })])).toMatchObject([{ class: "matched" }]);
  });
});

it("knows a sum only where every record that should tell a part does", () => {
  const [row] = match([theirs(usage), theirs({ ...usage, cacheReadTokens: undefined })], []);
  expect(row?.theirs).toMatchObject({
    requests: 20n,
    cacheReadTokens: undefined,
    costNanoUsd: undefined,
  });
});

const name = fc.constantFrom(
  "gpt-5",
  "gpt-5-2025-08-07",
  "gpt-5-2026-01-01",
  "o3",
  "O3",
  undefined,
);
const place = {
  day: fc.constantFrom("2026-11-01", "2026-11-02"),
  provider: fc.constantFrom("openai", "anthropic"),
  model: name,
};
const amount = fc.bigInt({ min: 0n, max: 5n });
const record = fc
  .record({ ...place, costNanoUsd: amount, item: fc.constantFrom(undefined, "fee") })
  .map(({ costNanoUsd, ...rest }) => theirs({ costNanoUsd }, rest));
const group = fc
  .record({ ...place, calls: fc.nat(9), costNanoUsd: fc.option(amount, { nil: undefined }) })
  .map((values) => ours(values));

it("loses and adds no dollar and no call: the classes together are both sides", () => {
  fc.assert(
    fc.property(fc.array(record), fc.array(group), (records, groups) => {
      const sums = sumClasses(match(records, groups));
      const parts = sums.flatMap(({ classes }) => Object.values(classes));
      const total = (of: (part: (typeof parts)[number]) => bigint | undefined): bigint =>
        parts.reduce((sum, part) => sum + (of(part) ?? 0n), 0n);
      expect(total((part) => part.theirNanoUsd)).toBe(
        records.reduce((sum, { told }) => sum + (told.costNanoUsd ?? 0n), 0n),
      );
      expect(total((part) => part.ourNanoUsd)).toBe(
        groups.reduce((sum, { costNanoUsd }) => sum + (costNanoUsd ?? 0n), 0n),
      );
      expect(total((part) => BigInt(part.ourCalls))).toBe(
        groups.reduce((sum, { calls }) => sum + BigInt(calls), 0n),
      );
    }),
    { numRuns: 100 },
  );
});

it("says which part of a provider's dollars is matched, downwards", () => {
  const records = [theirs({ costNanoUsd: 1000n }), theirs({ costNanoUsd: 500n }, { model: "o3" })];
  expect(sumClasses(match(records, [ours()]))).toMatchObject([
    {
      provider: "openai",
      matchedPerMille: 666n,
      classes: { matched: { rows: 1 }, provider_only: { rows: 1 } },
    },
  ]);
  expect(sumClasses(match([theirs(usage)], [ours()]))).toMatchObject([
    { matchedPerMille: undefined },
  ]);
});
