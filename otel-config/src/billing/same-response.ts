import type { CallRecord, Key } from "./call-record.ts";
import { distanceMicros, isSameScope, mayBeSameModel } from "./call-edges.ts";
import type { CallEdge } from "./call-edges.ts";
import { haveSameCounts } from "./same-usage.ts";

/**
 * Records with one response id. An id alone is no proof: local model servers draw it from a thousand numbers,
 * and stand-ins answer with the same one for ever. So one scope is never joined with itself (but for an answer that was
 * fetched twice), and two scopes only when the records meet in time, or count the same not long after each other (a
 * gateway with another clock).
 */

/** Between a client's clock and a gateway's, and between a streamed call and its background result. */
const GAP_MICROS = 600_000_000;
const TOLERANCE_MICROS = 2_000_000;
/** More records of one id than any set of instrumentations makes: a stand-in that answers with one id. */
const SAME_ID_MAX = 512;

export function maySpeakOfOneResponse(left: CallRecord, right: CallRecord): boolean {
  if (left.responseId === undefined || left.responseId !== right.responseId) return false;
  if (isSameScope(left, right)) return isToldAgain(left, right);
  if (!mayBeSameModel(left, right) && !areOfGateway(left, right)) return false;
  const from = Math.max(left.startMicros, right.startMicros);
  const to = Math.min(left.endMicros, right.endMicros);
  if (from - to <= TOLERANCE_MICROS) return true;
  return from - to <= GAP_MICROS && haveSameCounts(left, right);
}

/**
 * Answers of batches, and of what is done in the background, are told when they are fetched, with the provider's own times: by
 * all who fetch them. Two calls do not have all of that in common.
 */
export function isToldAgain(left: CallRecord, right: CallRecord): boolean {
  if (left.responseId === undefined || left.responseId !== right.responseId) return false;
  if (left.startMicros !== right.startMicros || left.endMicros !== right.endMicros) return false;
  return left.signal === "span" && isSameScope(left, right) && haveSameCounts(left, right);
}

/** A gateway answers to names of its own for models, with the id that it got. */
function areOfGateway(left: CallRecord, right: CallRecord): boolean {
  return left.service !== right.service && haveSameCounts(left, right);
}

/** Every pair among the candidates, once. */
export function findSameResponses(
  records: readonly CallRecord[],
  candidates: readonly number[],
): CallEdge[] {
  const edges: CallEdge[] = [];
  for (const [left, right] of byResponse(records, candidates).flatMap((group) => pairsOf(group))) {
    const [a, b] = [records[left] as CallRecord, records[right] as CallRecord];
    if (!maySpeakOfOneResponse(a, b)) continue;
    edges.push({ rule: "same_response", left, right, distanceMicros: distanceMicros(a, b) });
  }
  return edges;
}

function pairsOf(positions: readonly number[]): [number, number][] {
  return positions.flatMap((left, place) =>
    positions.slice(place + 1).map((right): [number, number] => [left, right]),
  );
}

function byResponse(records: readonly CallRecord[], candidates: readonly number[]): number[][] {
  const groups = new Map<Key, number[]>();
  for (const at of candidates) {
    const { responseId } = records[at] as CallRecord;
    if (responseId === undefined) continue;
    const group = groups.get(responseId);
    if (group === undefined) groups.set(responseId, [at]);
    else group.push(at);
  }
  return [...groups.values()].filter(({ length }) => length > 1 && length <= SAME_ID_MAX);
}
