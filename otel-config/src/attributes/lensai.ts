/** Attribute names of our own; everything that OpenTelemetry has no name for. */
export const LENSAI = {
  tenant: "lensai.tenant",
  team: "lensai.team",
  feature: "lensai.feature",
  route: "lensai.route",
  budgetDecision: "lensai.budget.decision",
  budgetLeaseId: "lensai.budget.lease_id",
  /** Written by the collector: what was odd about the record, e.g. `end_before_start`. */
  ingestFlags: "lensai.ingest.flags",
  /** Written by the collector: attributes dropped by the client and by our limits. */
  droppedAttributes: "lensai.dropped_attributes_count",
} as const;
