import { scopeKey, type PriceEntry } from "@lensai/otel-config/pricing/price-layer";

/**
 * Whether what was said about a price holds now: it may be still to come or over, something later may have taken its place,
 * or taken it back.
 */
export type StatementState = "holds" | "later" | "over" | "replaced" | "withdrawn" | "withdrawal";

interface Recorded {
  readonly number: number;
  readonly entry: PriceEntry;
}

/** By the number of the statement; all of one project. */
export function statementStates(
  recorded: readonly Recorded[],
  nowUnixMs: number,
): ReadonlyMap<number, StatementState> {
  const about = Map.groupBy(recorded, ({ entry }) => scopeKey(entry));
  return new Map(
    recorded.map((one) => {
      const later = (about.get(scopeKey(one.entry)) ?? []).filter(
        ({ number }) => number > one.number,
      );
      return [one.number, stateOf(one.entry, later, nowUnixMs)];
    }),
  );
}

function stateOf(entry: PriceEntry, later: readonly Recorded[], nowUnixMs: number): StatementState {
  if (entry.change.kind === "withdrawal") return "withdrawal";
  if (later.some((other) => other.entry.change.kind === "withdrawal")) return "withdrawn";
  const { fromMs, untilMs } = boundsOf(entry);
  const isCovered = later.some(({ entry: other }) => {
    const bounds = boundsOf(other);
    return bounds.fromMs <= fromMs && bounds.untilMs >= untilMs;
  });
  if (isCovered) return "replaced";
  if (untilMs <= nowUnixMs) return "over";
  if (fromMs > nowUnixMs) return "later";
  const isOvertaken = later.some(({ entry: other }) => {
    const bounds = boundsOf(other);
    return bounds.fromMs <= nowUnixMs && nowUnixMs < bounds.untilMs;
  });
  return isOvertaken ? "replaced" : "holds";
}

function boundsOf({ validFrom, validUntil }: PriceEntry): { fromMs: number; untilMs: number } {
  return {
    fromMs: validFrom?.getTime() ?? -Infinity,
    untilMs: validUntil?.getTime() ?? Infinity,
  };
}
