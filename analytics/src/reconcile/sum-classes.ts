import { MATCH_CLASSES } from "./match-figures.ts";
import type { MatchClass, MatchedRow } from "./match-figures.ts";

/** The rows of one class together. Amounts are sums of what is known; undefined when none of them is. */
export interface ClassSum {
  readonly rows: number;
  readonly theirNanoUsd: bigint | undefined;
  readonly ourNanoUsd: bigint | undefined;
  readonly ourCalls: number;
  readonly estimatedCalls: number;
  readonly unpricedCalls: number;
}

export interface ProviderSum {
  readonly provider: string;
  readonly classes: Readonly<Record<MatchClass, ClassSum>>;
  readonly all: ClassSum;
  /** Of the provider's dollars, in tenths of a percent; undefined when it tells none. */
  readonly matchedPerMille: bigint | undefined;
}

/** The sums of each provider, by name. */
export function sumClasses(rows: readonly MatchedRow[]): ProviderSum[] {
  const providers = [...new Set(rows.map(({ provider }) => provider))].toSorted();
  return providers.map((provider) => {
    const own = rows.filter((row) => row.provider === provider);
    const of = (name: MatchClass): [MatchClass, ClassSum] => [
      name,
      sumOfRows(own.filter((row) => row.class === name)),
    ];
    const classes = Object.fromEntries(MATCH_CLASSES.map(of)) as Record<MatchClass, ClassSum>;
    const all = sumOfRows(own);
    return { provider, classes, all, matchedPerMille: shareOf(classes.matched, all) };
  });
}

function shareOf(matched: ClassSum, all: ClassSum): bigint | undefined {
  const total = all.theirNanoUsd ?? 0n;
  if (total <= 0n) return undefined;
  // Downwards: 100 % is said of all of it only.
  return ((matched.theirNanoUsd ?? 0n) * 1000n) / total;
}

function sumOfRows(rows: readonly MatchedRow[]): ClassSum {
  const amount = (of: (row: MatchedRow) => bigint | undefined): bigint | undefined => {
    const known = rows.map((row) => of(row)).filter((value) => value !== undefined);
    return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value);
  };
  const count = (of: (row: MatchedRow) => number | undefined): number =>
    rows.reduce((sum, row) => sum + (of(row) ?? 0), 0);
  return {
    rows: rows.length,
    theirNanoUsd: amount(({ theirs }) => theirs?.costNanoUsd),
    ourNanoUsd: amount(({ ours }) => ours?.costNanoUsd),
    ourCalls: count(({ ours }) => ours?.calls),
    estimatedCalls: count(({ ours }) => ours?.estimatedCalls),
    unpricedCalls: count(({ ours }) => ours?.unpricedCalls),
  };
}
