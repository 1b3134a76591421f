import { bestRecord } from "./best-record.ts";
import type { CallRecord, Verdict } from "./call-record.ts";
import { isFailed } from "./same-usage.ts";
import { maySpeakOfOneResponse } from "./same-response.ts";
import { areTwins } from "./twins.ts";

const FLAT = { depthOf: () => 0 };

/**
 * The verdicts of `resolveCalls` on two calls of one project in traces of their own: what two instrumentations of a
 * service say of each of its calls, and so the most common of all that hangs together. Undefined for other records.
 */
export function resolvePair(
  left: CallRecord,
  right: CallRecord,
): readonly [Verdict, Verdict] | undefined {
  if (left.part !== "call" || right.part !== "call" || left.project !== right.project) {
    return undefined;
  }
  if (left.trace === undefined || right.trace === undefined || left.trace === right.trace) {
    return undefined;
  }
  const rule = sameCallRule(left, right);
  if (rule === undefined) return [lone(left), lone(right)];
  const best = bestRecord([left, right], [0, 1], FLAT);
  const other: Verdict = { rule, shadowedBy: best };
  return best === 0 ? [lone(left), other] : [other, lone(right)];
}

const lone = (record: CallRecord): Verdict => ({
  rule: isFailed(record) ? "failed" : "call",
  shadowedBy: undefined,
});

/** The stronger of the two reasons why records of two traces are one call. */
function sameCallRule(left: CallRecord, right: CallRecord): "same_response" | "twin" | undefined {
  if (maySpeakOfOneResponse(left, right)) return "same_response";
  return areTwins(left, right) ? "twin" : undefined;
}
