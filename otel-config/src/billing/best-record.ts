import { compareText } from "./call-edges.ts";
import type { CallRecord } from "./call-record.ts";
import type { SpanTree } from "./span-tree.ts";

const SOURCE_RANK: Readonly<Record<CallRecord["usage"]["source"], number>> = {
  reported: 4,
  derived: 3,
  estimated: 2,
  missing: 1,
  none: 0,
};

/**
 * Which record of a call is billed: the surest counts, then one with a price, then the most parts, then a span
 * before a log, the innermost, one with a response id, the first.
 */
export function bestRecord(
  records: readonly CallRecord[],
  positions: readonly number[],
  tree: SpanTree,
): number {
  const depth = (at: number): number => tree.depthOf(at);
  return positions.reduce((best, at) => {
    const [a, b] = [records[at] as CallRecord, records[best] as CallRecord];
    const order =
      SOURCE_RANK[a.usage.source] - SOURCE_RANK[b.usage.source] ||
      Number(a.usage.isPriced) - Number(b.usage.isPriced) ||
      a.usage.partCount - b.usage.partCount ||
      Number(a.signal === "span") - Number(b.signal === "span") ||
      depth(at) - depth(best) ||
      Number(a.responseId !== undefined) - Number(b.responseId !== undefined) ||
      -compareRecords(a, b);
    return order > 0 ? at : best;
  });
}

/** By start, then by id. */
export function compareRecords(left: CallRecord, right: CallRecord): number {
  return left.startMicros - right.startMicros || compareText(left.id, right.id);
}
