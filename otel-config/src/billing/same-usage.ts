import type { CallRecord, CallUsage } from "./call-record.ts";

/** Whether the counts of records agree, when one instrumentation leaves out what another counts. */

/** How far the counts of an outer record may be from the sum of the inner ones: rounding, a late chunk. */
const SUM_TOLERANCE = 0.01;

/** Came from the provider, or follows from what came from it. */
export function isCounted({ usage }: Pick<CallRecord, "usage">): boolean {
  return usage.source === "reported" || usage.source === "derived";
}

export function isFailed({ usage }: CallRecord): boolean {
  return usage.source === "none";
}

/** How much usage is worth for the bill: of a call and of what sums it up, the better one is billed. */
export function usageGrade({ usage }: CallRecord): number {
  if (usage.source === "reported" || usage.source === "derived") return 3;
  if (usage.source === "estimated") return 2;
  return usage.source === "missing" ? 1 : 0;
}

/**
 * Both count, and they count the same: exactly, or one of them leaves parts of the input (cached, brought by
 * tools) or the reasoning part of the output out.
 */
export function haveSameCounts(left: CallRecord, right: CallRecord): boolean {
  if (!isCounted(left) || !isCounted(right)) return false;
  return areSameCounts(left.usage, right.usage);
}

/** The same for counts of any source. */
export function areSameCounts(left: CallUsage, right: CallUsage): boolean {
  return sameInput(left, right) && sameOutput(left, right);
}

/** Both count, and they say different things. */
export function haveOtherCounts(left: CallRecord, right: CallRecord): boolean {
  return isCounted(left) && isCounted(right) && !haveSameCounts(left, right);
}

function sameInput(left: CallUsage, right: CallUsage): boolean {
  const more = (left.input ?? 0) - (right.input ?? 0);
  return leavesOut(left, more) || leavesOut(right, -more);
}

/** Is the other's input less by parts that it may leave out? */
function leavesOut({ cached, toolUsePrompt }: CallUsage, tokens: number): boolean {
  return (
    tokens === 0 ||
    tokens === cached ||
    tokens === toolUsePrompt ||
    tokens === cached + toolUsePrompt
  );
}

/** Every input that a record of the same call may count, the whole first. */
export function inputsAsCounted({ input = 0, cached, toolUsePrompt }: CallUsage): number[] {
  const whole = cached > 0 ? [input, input - cached] : [input];
  return toolUsePrompt > 0 ? whole.concat(whole.map((each) => each - toolUsePrompt)) : whole;
}

function sameOutput(left: CallUsage, right: CallUsage): boolean {
  const [l, r] = [left.output ?? 0, right.output ?? 0];
  return l === r || l - left.reasoning === r || r - right.reasoning === l;
}

/** The outer record counts what the inner ones count together. */
export function sumsUp(outer: CallRecord, inner: readonly CallRecord[]): boolean {
  if (!isCounted(outer) || !inner.every((record) => isCounted(record))) return false;
  return (
    isNear(outer.usage.input, total(inner, "input")) &&
    isNear(outer.usage.output, total(inner, "output"))
  );
}

function total(records: readonly CallRecord[], field: "input" | "output"): number {
  return records.reduce((sum, { usage }) => sum + (usage[field] ?? 0), 0);
}

function isNear(count: number | undefined, sum: number): boolean {
  return count === undefined || Math.abs(count - sum) <= sum * SUM_TOLERANCE;
}
