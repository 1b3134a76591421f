import type { CallRecord } from "./call-record.ts";
import {
  distanceMicros,
  haveOtherResponses,
  isSameNestedCall,
  isSameScope,
  mayBeNestedCall,
} from "./call-edges.ts";
import type { CallEdge } from "./call-edges.ts";
import { haveOtherCounts, haveSameCounts, isCounted, isFailed, sumsUp } from "./same-usage.ts";
import type { SpanTree } from "./span-tree.ts";

/** What call records inside call records mean. */
export interface NestedCalls {
  readonly edges: readonly CallEdge[];
  /** Call records that sum up several calls inside them, with those. */
  readonly sums: ReadonlyMap<number, readonly number[]>;
}

export function findNestedCalls(records: readonly CallRecord[], tree: SpanTree): NestedCalls {
  const edges: CallEdge[] = [];
  const sums = new Map<number, readonly number[]>();
  for (const [outer, inner] of innerCalls(records, tree)) {
    const same = callsInside(records, outer, inner);
    if (same.kind === "sum") sums.set(outer, same.calls);
    else for (const at of same.calls) edges.push(nestedEdge(records, outer, at));
  }
  return { edges, sums };
}

function nestedEdge(records: readonly CallRecord[], outer: number, inner: number): CallEdge {
  const left = records[outer] as CallRecord;
  const right = records[inner] as CallRecord;
  // A log names the very span that it was written in.
  const isLogOfSpan =
    right.signal === "log" && left.span !== undefined && right.parent === left.span;
  return {
    rule: isLogOfSpan ? "same_span" : "nested",
    left: outer,
    right: inner,
    distanceMicros: distanceMicros(left, right),
  };
}

/** The call records next inside each call record. */
function innerCalls(records: readonly CallRecord[], tree: SpanTree): Map<number, number[]> {
  const inner = new Map<number, number[]>();
  for (const [at, { part }] of records.entries()) {
    const outer = part === "call" ? tree.outerCallOf(at) : undefined;
    if (outer === undefined) continue;
    const siblings = inner.get(outer);
    if (siblings === undefined) inner.set(outer, [at]);
    else siblings.push(at);
  }
  return inner;
}

interface Inside {
  /** `same`: each speaks of the outer call, once per scope. `sum`: the outer record sums them up. */
  readonly kind: "same" | "sum";
  readonly calls: readonly number[];
}

function callsInside(records: readonly CallRecord[], at: number, inner: readonly number[]): Inside {
  const outer = records[at] as CallRecord;
  const of = (position: number): CallRecord => records[position] as CallRecord;
  const answered = inner.filter((each) => !isFailed(of(each)) && mayBeNestedCall(outer, of(each)));
  if (isFailed(outer)) {
    // The outer error is that of its last attempt, or comes from reading an answer that was given.
    if (answered.length > 0) return { kind: "sum", calls: answered };
    const failed = inner.filter((each) => isSameNestedCall(outer, of(each)));
    return { kind: "same", calls: lastStarted(records, failed) };
  }
  if (mostOfOneScope(answered.map(of)) < 2) {
    const same = answered.filter((each) => isSameNestedCall(outer, of(each)));
    const isRepeated = same.some((each) => haveSameCounts(outer, of(each)));
    const calls = same.filter((each) => !isRepeated || !haveOtherCounts(outer, of(each)));
    return { kind: "same", calls };
  }
  return { kind: "sum", calls: isSum(outer, answered.map(of)) ? answered : [] };
}

function lastStarted(records: readonly CallRecord[], positions: readonly number[]): number[] {
  const byTime = [...positions].sort((left, right) => {
    const a = records[left] as CallRecord;
    const b = records[right] as CallRecord;
    return b.startMicros - a.startMicros || (a.id < b.id ? -1 : 1);
  });
  return byTime.slice(0, 1);
}

function mostOfOneScope(records: readonly CallRecord[]): number {
  return Math.max(0, ...byScope(records).map((group) => group.length));
}

function byScope(records: readonly CallRecord[]): CallRecord[][] {
  const groups: CallRecord[][] = [];
  for (const record of records) {
    const group = groups.find(([first]) => isSameScope(first as CallRecord, record));
    if (group === undefined) groups.push([record]);
    else group.push(record);
  }
  return groups;
}

/**
 * Several calls inside one call record: a retry, or a loop over tools, that only the inner scope sees. In the
 * same scope a record with counts or an id of its own, which are not those of the calls inside, is a call.
 */
function isSum(outer: CallRecord, inner: readonly CallRecord[]): boolean {
  const own = inner.filter((record) => isSameScope(outer, record));
  if (own.length === 0) return true;
  if (own.every((record) => haveOtherResponses(outer, record))) return false;
  return !isCounted(outer) || byScope(inner).some((group) => sumsUp(outer, group));
}
