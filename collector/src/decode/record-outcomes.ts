/** Who sent some records, as far as they say it. */
export interface RecordOrigin {
  readonly service: string | undefined;
  readonly scope: string | undefined;
  readonly scopeVersion: string | undefined;
}

/** Records of one origin that made no row, for one reason. */
export interface RecordOutcome extends RecordOrigin {
  readonly outcome: "rejected" | "duplicate" | "refused";
  readonly reason: string | undefined;
  count: number;
}

/** Counts one more record. A request has few origins and fewer reasons. */
export function countOutcome(
  outcomes: RecordOutcome[],
  origin: RecordOrigin,
  what: Pick<RecordOutcome, "outcome" | "reason">,
): void {
  const known = outcomes.find(
    ({ outcome, reason, service, scope, scopeVersion }) =>
      outcome === what.outcome &&
      reason === what.reason &&
      service === origin.service &&
      scope === origin.scope &&
      scopeVersion === origin.scopeVersion,
  );
  if (known !== undefined) known.count += 1;
  else {
    const { service, scope, scopeVersion } = origin;
    outcomes.push({ service, scope, scopeVersion, ...what, count: 1 });
  }
}
