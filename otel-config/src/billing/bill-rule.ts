/**
 * Why a record counts, or does not count, as one model call: the values of the column `bill_rule`, which is
 * NULL on records that are no model call. Stored in the lake: an id never changes its meaning.
 */
export const BILL_RULES = {
  call: "the one record, or the best one, of an answered call: billed",
  failed:
    "the provider refused or broke the call and reported no usage: an attempt and an error, no spend",
  aggregate_only:
    "the record of an agent, step or workflow that carries usage, above no call that carries better: billed",
  aggregate: "sums up calls that are billed themselves",
  covered: "a call without usage of its own, below a record that is billed for it",
  same_span: "another record of the same span, or a log that was written inside it",
  nested: "another instrumentation's record of the same call, above or below the billed one",
  same_response: "another instrumentation's record of the same call, with the same response id",
  twin: "another instrumentation's record of the same call, told by time, model and counts",
  meter: "a metric's count of tokens that no span and no log tells: billed",
  meter_told: "a metric's count of tokens that are billed with other records",
} as const;

export type BillRule = keyof typeof BILL_RULES;

/** Rules of records that are billed; all others are not. */
export function isBilledRule(rule: BillRule): boolean {
  return rule === "call" || rule === "aggregate_only" || rule === "meter";
}

export interface CallEvidence {
  /** A span or a log record: points of metrics sum up many calls. */
  readonly isRecordOfCall: boolean;
  readonly isModelCall: boolean;
  readonly hasModel: boolean;
  readonly hasUsage: boolean;
  readonly isError: boolean;
  /** An answer's id or its first chunk arrived: the provider charges for it, also when it broke off. */
  readonly hasAnswerBegun: boolean;
}

/** What a record can be by itself, before others are known. */
export type LoneBillRule = "call" | "failed";

/** Verdict on one record by itself; undefined when it is no model call. */
export function billRuleOf(evidence: CallEvidence): LoneBillRule | undefined {
  if (!evidence.isRecordOfCall || !evidence.isModelCall) return undefined;
  if (!evidence.hasModel && !evidence.hasUsage) return undefined;
  const isRefused = evidence.isError && !evidence.hasUsage && !evidence.hasAnswerBegun;
  return isRefused ? "failed" : "call";
}
