import type { CallRecord, Key } from "./call-record.ts";
import { distanceMicros, haveOtherResponses, isSameScope, mayBeSameModel } from "./call-edges.ts";
import type { CallEdge } from "./call-edges.ts";
import { haveSameCounts, inputsAsCounted, isCounted, isFailed } from "./same-usage.ts";
import type { SpanTree } from "./span-tree.ts";

/**
 * Records of one call without a common id or link: two instrumentations in one process, of which one does not
 * keep the parent or the response id. They are twins when they come from different scopes of one service, name
 * a common model, count the same and lie in one another in time. Two real calls with equal counts come from
 * one scope, which is never joined with itself.
 */

/** Starts further apart belong to different calls. */
const TWIN_GAP_MICROS = 240_000_000;
/** The same for records of which one has no counts: then only time speaks for them. */
const UNCOUNTED_GAP_MICROS = 4_000_000;
/** Share of the shorter record that has to lie within the longer one. */
const OVERLAP_SHARE_MIN = 0.8;
/** Clocks of one process, read a moment apart. */
const TOLERANCE_MICROS = 10_000;
/** The same, when nothing but time tells that it is the log of a span. */
const RESPONSE_LOG_MICROS = 1_000_000;
/** A log of a call is written soon after the call has ended. */
const LOG_DELAY_MICROS = 5_000_000;
/** Twins are never further from one another than the longest of these. */
const TWINS_APART_MICROS = LOG_DELAY_MICROS;

/** The longest time from the end of one twin to the start of the other, when one is a log and when none is. */
export function twinsApartMicros(isLogAmongThem: boolean): number {
  return isLogAmongThem ? LOG_DELAY_MICROS : TOLERANCE_MICROS;
}

export function areTwins(left: CallRecord, right: CallRecord): boolean {
  if (left.service !== right.service || isOtherInstance(left, right)) return false;
  if (isSameScope(left, right) || haveOtherResponses(left, right)) return false;
  if (isFailed(left) !== isFailed(right) || !mayBeSameModel(left, right)) return false;
  return isCounted(left) && isCounted(right)
    ? areCountedTwins(left, right)
    : areUncountedTwins(left, right);
}

function areCountedTwins(left: CallRecord, right: CallRecord): boolean {
  if (startGap(left, right) > TWIN_GAP_MICROS || !haveSameCounts(left, right)) return false;
  return hasLog(left, right) ? meetAsLogs(left, right) : overlap(left, right);
}

function areUncountedTwins(left: CallRecord, right: CallRecord): boolean {
  if (left.models.length === 0 || right.models.length === 0) return false;
  if (left.signal === "log") return right.signal === "span" && isResponseLog(left, right);
  if (right.signal === "log") return isResponseLog(right, left);
  return startGap(left, right) <= UNCOUNTED_GAP_MICROS && overlap(left, right);
}

/** The log that tells the usage of a span without any, written when the call ended. */
function isResponseLog(log: CallRecord, span: CallRecord): boolean {
  if (!isCounted(log) || log.startMicros < span.startMicros) return false;
  return Math.abs(log.startMicros - span.endMicros) <= RESPONSE_LOG_MICROS;
}

function hasLog(left: CallRecord, right: CallRecord): boolean {
  return left.signal === "log" || right.signal === "log";
}

function isOtherInstance(left: CallRecord, right: CallRecord): boolean {
  if (left.instance === undefined || right.instance === undefined) return false;
  return left.instance !== right.instance;
}

function startGap(left: CallRecord, right: CallRecord): number {
  return Math.abs(left.startMicros - right.startMicros);
}

function overlap(left: CallRecord, right: CallRecord): boolean {
  const from = Math.max(left.startMicros, right.startMicros);
  const to = Math.min(left.endMicros, right.endMicros);
  const shorter = Math.min(left.endMicros - left.startMicros, right.endMicros - right.startMicros);
  return to - from + TOLERANCE_MICROS >= shorter * OVERLAP_SHARE_MIN;
}

function meetAsLogs(left: CallRecord, right: CallRecord): boolean {
  const from = Math.max(left.startMicros, right.startMicros);
  const to = Math.min(left.endMicros, right.endMicros);
  return from - to <= LOG_DELAY_MICROS;
}

/** What of a record tells where it is filed. */
export type TwinFiled = Pick<CallRecord, "startMicros" | "endMicros" | "usage">;

/** Where a record is filed so that its twins are found without comparing all with all. */
export interface TwinPlace {
  /** Both counted: by their counts alone. Otherwise by time alone, apart for records with and without counts. */
  readonly kind: "counts" | "counted" | "uncounted";
  readonly input: number;
  readonly output: number;
  /** Of the start or the end; 0 by counts, which narrow it enough. */
  readonly period: number;
}

export function twinPlaces(record: TwinFiled): TwinPlace[] {
  const near = Math.floor(record.startMicros / UNCOUNTED_GAP_MICROS);
  if (!isCounted(record)) {
    const end = Math.floor(record.endMicros / UNCOUNTED_GAP_MICROS);
    const periods = near === end ? [near] : [near, end];
    return periods.map((period) => ({ kind: "uncounted", input: 0, output: 0, period }));
  }
  const { output = 0, reasoning } = record.usage;
  const places: TwinPlace[] = [{ kind: "counted", input: 0, output: 0, period: near }];
  for (const eachInput of inputsAsCounted(record.usage)) {
    for (const eachOutput of reasoning > 0 ? [output, output - reasoning] : [output]) {
      places.push({ kind: "counts", input: eachInput, output: eachOutput, period: 0 });
    }
  }
  return places;
}

/** The places where twins of a record can be. */
export function twinSearch(record: TwinFiled): TwinPlace[] {
  const search: TwinPlace[] = [];
  for (const place of twinPlaces(record)) {
    if (place.kind === "counts") search.push(place);
    else addTimed(search, "uncounted", place.period);
    if (place.kind === "uncounted") addTimed(search, "counted", place.period);
  }
  return search;
}

function addTimed(search: TwinPlace[], kind: "counted" | "uncounted", period: number): void {
  for (let near = period - 1; near <= period + 1; near += 1) {
    search.push({ kind, input: 0, output: 0, period: near });
  }
}

/**
 * Every pair of twins that is not nested, once. Records are taken by the time of their start, and those that were
 * over long before are put away: what has to be compared grows with how many calls run at once, and not with how
 * many count the same, as all calls of a load test do.
 */
export function findTwins(
  records: readonly CallRecord[],
  candidates: readonly number[],
  tree: SpanTree,
): CallEdge[] {
  const edges: CallEdge[] = [];
  const running = new Map<string, number[]>();
  for (const at of byStart(records, ofSeveralScopes(records, candidates))) {
    const record = records[at] as CallRecord;
    const isNear = (other: number): boolean =>
      (records[other] as CallRecord).endMicros + TWINS_APART_MICROS >= record.startMicros;
    const found = new Set<number>();
    for (const name of fileNames(record, twinSearch(record))) {
      const near = running.get(name)?.filter(isNear);
      if (near === undefined) continue;
      running.set(name, near);
      const mayBeTwin = (other: number): boolean => mayMeet(records[other] as CallRecord, record);
      for (const other of near.filter(mayBeTwin)) found.add(other);
    }
    for (const other of found) {
      const twin = records[other] as CallRecord;
      if (!areTwins(record, twin) || tree.areNested(at, other)) continue;
      const distance = distanceMicros(record, twin);
      edges.push({ rule: "twin", left: other, right: at, distanceMicros: distance });
    }
    for (const name of fileNames(record, twinPlaces(record))) {
      const file = running.get(name);
      if (file === undefined) running.set(name, [at]);
      else file.push(at);
    }
  }
  return edges;
}

/** What is soon said of most pairs; `later` has not started before `earlier`. */
function mayMeet(earlier: CallRecord, later: CallRecord): boolean {
  if (isSameScope(earlier, later)) return false;
  return later.startMicros - earlier.endMicros <= twinsApartMicros(hasLog(earlier, later));
}

function byStart(records: readonly CallRecord[], positions: readonly number[]): number[] {
  const startOf = (at: number): number => (records[at] as CallRecord).startMicros;
  return positions.toSorted((left, right) => startOf(left) - startOf(right));
}

/** Without their periods: the order of the records tells the time. */
function fileNames({ service }: CallRecord, places: readonly TwinPlace[]): Set<string> {
  return new Set(places.map(({ kind, input, output }) => `${service} ${kind} ${input} ${output}`));
}

/** Most services have one instrumentation: their calls have no twins. */
function ofSeveralScopes(
  records: readonly CallRecord[],
  candidates: readonly number[],
): readonly number[] {
  const first = new Map<Key, CallRecord>();
  const several = new Set<Key>();
  for (const at of candidates) {
    const record = records[at] as CallRecord;
    const before = first.get(record.service);
    if (before === undefined) first.set(record.service, record);
    else if (!isSameScope(before, record)) several.add(record.service);
  }
  return candidates.filter((at) => several.has((records[at] as CallRecord).service));
}
