/**
 * Why a record counts, or does not count, as one model call. NULL on records that are no model call.
 * `call`: answered, billed. `failed`: the provider refused or broke it and reported no usage; it counts
 * as an attempt and an error, never as spend.
 */
export const BILL_RULES = ["call", "failed"] as const;
export type BillRule = (typeof BILL_RULES)[number];

export interface CallEvidence {
  readonly isSpan: boolean;
  readonly isModelCall: boolean;
  readonly hasModel: boolean;
  readonly hasUsage: boolean;
  readonly isError: boolean;
}

/** Verdict on one record by itself; undefined when it is no model call. */
export function billRuleOf(evidence: CallEvidence): BillRule | undefined {
  if (!evidence.isSpan || !evidence.isModelCall) return undefined;
  if (!evidence.hasModel && !evidence.hasUsage) return undefined;
  return evidence.isError && !evidence.hasUsage ? "failed" : "call";
}
