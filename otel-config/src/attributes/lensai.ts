/** Attribute names of our own; everything that OpenTelemetry has no name for. */
export const LENSAI = {
  tenant: "lensai.tenant",
  team: "lensai.team",
  feature: "lensai.feature",
  route: "lensai.route",
  budgetDecision: "lensai.budget.decision",
  /** Written by the guard of a call that a budget stopped: which one. */
  budgetId: "lensai.budget.id",
  /** The same: why it had no room, as in `BudgetRefusal.cause`. */
  budgetRefusalCause: "lensai.budget.refusal_cause",
  /** Written by the guard: the leases that the call was made with, one per budget, with spaces between them. */
  budgetLeaseId: "lensai.budget.lease_id",
  /** Written by the guard: what it has charged each of these leases; nano-USD. The bill may say something else. */
  budgetChargedNanoUsd: "lensai.budget.charged_nano_usd",
  /** Written by the guard: what the call came to cost beyond what it and its process held, by the same prices; nano-USD. */
  budgetShortfallNanoUsd: "lensai.budget.shortfall_nano_usd",
  /** Written by the guard: the call was made with a lower limit of output than the application asked for. */
  budgetClamped: "lensai.budget.clamped",
  /** Written by the guard: for how long nothing was heard of the policy that decided, where that is long. */
  controlStaleSeconds: "lensai.control.stale_seconds",
  /** Written by the guard: the stream was ended because there was nothing left for more of it. */
  budgetCutoff: "lensai.budget.cutoff",
  /**
   * Written by the instrumentation when the counts on the span are not all of the call's: `estimated` when a
   * part is known (the input of a stream that broke off), `missing` when nothing is. Absent: as reported.
   */
  usageSource: "lensai.usage.source",
  /** Beside `estimated`: output tokens guessed from the length of what a stream brought before it broke off. */
  usageEstimatedOutputTokens: "lensai.usage.estimated_output_tokens",
  /**
   * Written by the instrumentation on the span that another instrumentation has made of the call: it has put
   * there what the span lacked.
   */
  enriched: "lensai.enriched",
  /** Beside `enriched`: the provider's own counts, inclusive, whatever the other instrumentation counts. */
  usageInputTokens: "lensai.usage.input_tokens",
  usageOutputTokens: "lensai.usage.output_tokens",
  /** Written by the instrumentation: searches that the provider charges one by one. */
  usageWebSearches: "lensai.usage.web_searches",
  /** Written by the instrumentation: what the provider's own answer says the call cost. */
  usageCostUsd: "lensai.usage.cost_usd",
  /**
   * Written by the instrumentation: the answer was fetched after the request that asked for it was answered, `background`
   * or `batch`.
   */
  answerDeferred: "lensai.answer.deferred",
  /** Written by the instrumentation: a gateway says that it has answered from its cache; no provider was called. */
  answerFromCache: "lensai.answer.from_cache",
  /** Written by the instrumentation: why the provider's answer could not be read, or not to its end. */
  observationProblem: "lensai.observation.problem",
  /** Written by the collector: what was odd about the record, e.g. `end_before_start`. */
  ingestFlags: "lensai.ingest.flags",
  /** Written by the collector: attributes dropped by the client and by our limits. */
  droppedAttributes: "lensai.dropped_attributes_count",
} as const;

/**
 * Values of `lensai.budget.decision`: what the guard of the process decided about the call. `warned`: a budget
 * that only warns has no room for it. `refused` and `killed` calls were never made.
 */
export const BUDGET_DECISIONS = [
  "allowed",
  "warned",
  "clamped",
  "cut_off",
  "refused",
  "killed",
] as const;

export type BudgetDecision = (typeof BUDGET_DECISIONS)[number];
