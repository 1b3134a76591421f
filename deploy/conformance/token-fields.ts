import type { CallRow } from "./call-row.ts";
import { cacheWrite1hOf } from "./truth.ts";
import type { TrueCall } from "./truth.ts";

/** The counts that are compared for every call. */
export const TOKEN_FIELDS = [
  "input",
  "output",
  "cacheRead",
  "cacheWrite",
  "cacheWrite1h",
  "reasoning",
] as const;
export type TokenField = (typeof TOKEN_FIELDS)[number];

export const FIELD_TITLES: Readonly<Record<TokenField, string>> = {
  input: "input",
  output: "output",
  cacheRead: "cache read",
  cacheWrite: "cache write",
  cacheWrite1h: "1 h cache write",
  reasoning: "reasoning",
};

export type TokenCounts = Readonly<Record<TokenField, number | undefined>>;

/** What the provider counted; all zero for a call of which it logged no usage. */
export function trueCounts(call: TrueCall): Readonly<Record<TokenField, number>> {
  const { usage } = call;
  return {
    input: usage?.input_total ?? 0,
    output: usage?.output_total ?? 0,
    cacheRead: usage?.input_cached_read ?? 0,
    cacheWrite: usage?.input_cache_write ?? 0,
    cacheWrite1h: cacheWrite1hOf(call),
    reasoning: usage?.output_reasoning ?? 0,
  };
}

export function rowCounts(row: CallRow): TokenCounts {
  const { input, output, cacheRead, cacheWrite, cacheWrite1h, reasoning } = row;
  return { input, output, cacheRead, cacheWrite, cacheWrite1h, reasoning };
}
