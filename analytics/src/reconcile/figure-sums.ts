import type { DailyCalls } from "../queries/daily-calls-by-model.ts";
import { MEASURES, TOKEN_MEASURES } from "./provider-record.ts";
import type { Measures, ProviderRecord } from "./provider-record.ts";

/** What calls of ours tell, with how much of it rests on guesses. */
export interface OurFigures extends Measures {
  /** Calls that were seen; `requests` is undefined where a metric counts more of them. */
  readonly calls: number;
  readonly estimatedCalls: number;
  readonly unpricedCalls: number;
}

type Sums = { -readonly [K in keyof Measures]: Measures[K] };

const NOTHING: Measures = {
  costNanoUsd: undefined,
  requests: undefined,
  inputTokens: undefined,
  cacheReadTokens: undefined,
  cacheWriteTokens: undefined,
  outputTokens: undefined,
};

/**
 * Each measure over those records that are about it: costs and tokens come in files of their own. One record that
 * should tell a measure and does not makes the sum unknown. Undefined when nothing was used or charged.
 */
export function providerSums(records: readonly ProviderRecord[]): Measures | undefined {
  const sums: Sums = { ...NOTHING };
  let isUsed = false;
  for (const measure of MEASURES) {
    const told = records.filter((record) => measure in record.told).map((one) => one.told[measure]);
    if (told.length === 0) continue;
    isUsed ||= told.some((value) => value !== 0n);
    sums[measure] = told.reduce((sum, value) =>
      sum === undefined || value === undefined ? undefined : sum + value,
    );
  }
  return isUsed ? sums : undefined;
}

/** The sums of what is known: calls without a figure are counted beside it. Undefined when there were no calls. */
export function ourSums(groups: readonly DailyCalls[]): OurFigures | undefined {
  if (groups.length === 0) return undefined;
  const sums: Sums = { ...NOTHING };
  for (const measure of ["costNanoUsd", ...TOKEN_MEASURES] as const) {
    const known = groups.map((group) => group[measure]).filter((value) => value !== undefined);
    sums[measure] = known.length === 0 ? undefined : known.reduce((sum, value) => sum + value);
  }
  const count = (of: (group: DailyCalls) => number): number =>
    groups.reduce((sum, group) => sum + of(group), 0);
  const calls = count((group) => group.calls);
  return {
    ...sums,
    requests: groups.some(({ isMetered }) => isMetered) ? undefined : BigInt(calls),
    calls,
    estimatedCalls: count((group) => group.estimatedCalls),
    unpricedCalls: count((group) => group.unpricedCalls),
  };
}
