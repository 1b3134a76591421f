import type { CallRecord } from "./call-record.ts";
import type { BillRule } from "./bill-rule.ts";
import { haveOtherCounts, haveSameCounts, isFailed } from "./same-usage.ts";

/** Two records that may speak of one call, and how sure that is: the strongest edges are joined first. */
export interface CallEdge {
  readonly rule: EdgeRule;
  readonly left: number;
  readonly right: number;
  /** Of edges with the same rule the one with the least distance is joined first. */
  readonly distanceMicros: number;
}

export type EdgeRule = Extract<BillRule, "same_span" | "nested" | "same_response" | "twin">;

/** The less, the stronger. */
const STRENGTH: Readonly<Record<EdgeRule, number>> = {
  same_span: 0,
  nested: 1,
  same_response: 2,
  twin: 3,
};

/**
 * How far the starts and the ends of two records are apart: of parallel calls, the own one is nearest. A log
 * is written when the call has ended.
 */
export function distanceMicros(left: CallRecord, right: CallRecord): number {
  if (left.signal !== right.signal) return Math.abs(left.endMicros - right.endMicros);
  return (
    Math.abs(left.startMicros - right.startMicros) + Math.abs(left.endMicros - right.endMicros)
  );
}

/** Strongest first; a total order, whatever the order of the records. */
export function orderEdges(edges: CallEdge[], records: readonly CallRecord[]): CallEdge[] {
  return edges.sort(
    (a, b) =>
      STRENGTH[a.rule] - STRENGTH[b.rule] ||
      a.distanceMicros - b.distanceMicros ||
      compareEnds(a, b, records),
  );
}

function compareEnds(a: CallEdge, b: CallEdge, records: readonly CallRecord[]): number {
  const [firstA, secondA] = endsOf(a, records);
  const [firstB, secondB] = endsOf(b, records);
  return compareText(firstA, firstB) || compareText(secondA, secondB);
}

function endsOf({ left, right }: CallEdge, records: readonly CallRecord[]): [string, string] {
  const [a, b] = [(records[left] as CallRecord).id, (records[right] as CallRecord).id];
  return a < b ? [a, b] : [b, a];
}

export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** What each instrumentation scope tells once per call. */
export function isSameScope(left: CallRecord, right: CallRecord): boolean {
  return (
    left.scope === right.scope && left.signal === right.signal && left.service === right.service
  );
}

/** They name a common model, or one of them names none. */
export function mayBeSameModel(left: CallRecord, right: CallRecord): boolean {
  if (left.models.length === 0 || right.models.length === 0) return true;
  return left.models.some((model) => right.models.includes(model));
}

/**
 * What lies in a call may speak of it under the name of another model: a gateway answers to names of its own, and falls
 * back on other models. Then the counts say that it is the same call, or, beyond the service that asked, do not say that
 * it is another one.
 */
export function mayBeNestedCall(outer: CallRecord, inner: CallRecord): boolean {
  if (mayBeSameModel(outer, inner) || haveSameCounts(outer, inner)) return true;
  return outer.service !== inner.service && !haveOtherCounts(outer, inner);
}

export function haveOtherResponses(left: CallRecord, right: CallRecord): boolean {
  if (left.responseId === undefined || right.responseId === undefined) return false;
  return left.responseId !== right.responseId;
}

/**
 * Does an outer record speak of the same call as one inside it? Another scope does, unless both the ids and
 * the counts are others: people instrument the framework and the client below it. The same scope does when it
 * repeats the counts or one of the two has none; with an id of its own each is a call.
 */
export function isSameNestedCall(outer: CallRecord, inner: CallRecord): boolean {
  if (!mayBeNestedCall(outer, inner) || isFailed(outer) !== isFailed(inner)) return false;
  if (outer.responseId !== undefined && outer.responseId === inner.responseId) return true;
  const hasOtherId = haveOtherResponses(outer, inner);
  if (isSameScope(outer, inner)) return !hasOtherId && !haveOtherCounts(outer, inner);
  return !hasOtherId || !haveOtherCounts(outer, inner);
}
