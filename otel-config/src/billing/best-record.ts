import { compareText } from "./call-edges.ts";
import type { CallRecord, CallUsage } from "./call-record.ts";
import { areSameCounts } from "./same-usage.ts";
import type { SpanTree } from "./span-tree.ts";

const SOURCE_RANK: Readonly<Record<CallRecord["usage"]["source"], number>> = {
  reported: 4,
  derived: 3,
  estimated: 2,
  missing: 1,
  none: 0,
};

/** Below an estimate that is known as one. */
const GUESS_RANK = 1.5;

/**
 * Which record of a call is billed: the surest counts (those that only repeat an estimate are that estimate), then
 * one with a price, then the most parts, then a span before a log, the innermost, one with a response id, the
 * first.
 */
export function bestRecord(
  records: readonly CallRecord[],
  positions: readonly number[],
  tree: Pick<SpanTree, "depthOf">,
): number {
  const depth = (at: number): number => tree.depthOf(at);
  const guesses = positions.flatMap((at) => {
    const { usage } = records[at] as CallRecord;
    return usage.source === "estimated" ? [usage] : [];
  });
  return positions.reduce((best, at) => {
    const [a, b] = [records[at] as CallRecord, records[best] as CallRecord];
    const order =
      sourceRank(a, guesses) - sourceRank(b, guesses) ||
      Number(a.usage.isPriced) - Number(b.usage.isPriced) ||
      a.usage.partCount - b.usage.partCount ||
      Number(a.signal === "span") - Number(b.signal === "span") ||
      depth(at) - depth(best) ||
      Number(a.responseId !== undefined) - Number(b.responseId !== undefined) ||
      -compareRecords(a, b);
    return order > 0 ? at : best;
  });
}

function sourceRank({ usage }: CallRecord, guesses: readonly CallUsage[]): number {
  const rank = SOURCE_RANK[usage.source];
  const isGuess =
    rank > SOURCE_RANK.estimated &&
    !isDetailed(usage) &&
    guesses.some((guess) => areSameCounts(guess, usage));
  return isGuess ? GUESS_RANK : rank;
}

/** Nobody who guesses knows what was cached, or thought: such counts bear the doubtful ones out. */
function isDetailed({ cached, reasoning }: CallUsage): boolean {
  return cached + reasoning > 0;
}

/** By start, then by id. */
export function compareRecords(left: CallRecord, right: CallRecord): number {
  return left.startMicros - right.startMicros || compareText(left.id, right.id);
}
