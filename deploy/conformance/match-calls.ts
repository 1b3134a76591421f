import type { CallRow } from "./call-row.ts";
import { endMsOf } from "./truth.ts";
import type { TrueCall } from "./truth.ts";

/** Clocks of one machine, read by two processes; and instrumentation that ends a span before its stream. */
const CLOCK_TOLERANCE_MS = 25;

export interface Interval {
  readonly startMs: number;
  readonly endMs: number;
}

export const intervalOf = (call: TrueCall): Interval => ({
  startMs: call.t_start_unix_ms,
  endMs: endMsOf(call),
});

export function overlaps(left: Interval, right: Interval): boolean {
  return (
    left.startMs <= right.endMs + CLOCK_TOLERANCE_MS &&
    right.startMs <= left.endMs + CLOCK_TOLERANCE_MS
  );
}

/** Does the record span the whole call? Then it can be the record of it, or of something around it. */
export function contains(outer: Interval, inner: Interval): boolean {
  return (
    outer.startMs <= inner.startMs + CLOCK_TOLERANCE_MS &&
    outer.endMs >= inner.endMs - CLOCK_TOLERANCE_MS
  );
}

const SCORE = { responseId: 1000, tokens: 40, overlap: 30, model: 10 } as const;
/** Less than an overlap in time says nothing. */
const SCORE_MIN = SCORE.overlap;

/**
 * Which row is the record of which call: one to one, best evidence first. Evidence is the response id,
 * equal counts, time, and the model; a row with the id of another call is none. An id that no call has is the
 * client's own: some give Google's answers one.
 */
export function matchCalls(
  calls: readonly TrueCall[],
  rows: readonly CallRow[],
): Map<TrueCall, CallRow> {
  const given = new Set(calls.map((call) => call.response_id));
  const pairs = calls
    .flatMap((call) => rows.map((row) => ({ call, row, score: scoreOf(call, row, given) })))
    .filter(({ score }) => score >= SCORE_MIN)
    .sort((left, right) => right.score - left.score || left.call.id - right.call.id);
  const matched = new Map<TrueCall, CallRow>();
  const taken = new Set<CallRow>();
  for (const { call, row } of pairs) {
    if (matched.has(call) || taken.has(row)) continue;
    matched.set(call, row);
    taken.add(row);
  }
  return matched;
}

function scoreOf(
  call: TrueCall,
  row: CallRow,
  given: ReadonlySet<TrueCall["response_id"]>,
): number {
  const { responseId } = row;
  if (call.response_id === null || responseId === undefined || !given.has(responseId)) {
    return closeness(call, row);
  }
  return call.response_id === responseId ? SCORE.responseId + closeness(call, row) : 0;
}

function closeness(call: TrueCall, row: CallRow): number {
  const { usage } = call;
  let score = 0;
  if (usage !== null && usage.output_total > 0 && usage.output_total === row.output) {
    score += SCORE.tokens;
  }
  if (usage !== null && [usage.input_total, usage.input_uncached].includes(row.input ?? -1)) {
    score += SCORE.tokens;
  }
  const interval = intervalOf(call);
  if (overlaps(interval, row)) score += SCORE.overlap * (1 + sharedPart(interval, row));
  if (namesModel(call, row)) score += SCORE.model;
  return score;
}

/** The time that both share, as a part of the time that either takes: 0 to 1. */
function sharedPart(left: Interval, right: Interval): number {
  const shared = Math.min(left.endMs, right.endMs) - Math.max(left.startMs, right.startMs);
  const whole = Math.max(left.endMs, right.endMs) - Math.min(left.startMs, right.startMs);
  return whole <= 0 ? 0 : Math.max(0, shared) / whole;
}

function namesModel(call: TrueCall, { requestModel, responseModel }: CallRow): boolean {
  const models = new Set([call.request_model, call.response_model]);
  return [requestModel, responseModel].some((name) => name !== undefined && models.has(name));
}
