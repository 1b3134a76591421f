/** A limit that is raised for a time. */
export interface TimedLimit {
  readonly limitNanoUsd: bigint;
  readonly startsAt: Date;
  /** Exclusive. */
  readonly endsAt: Date;
}

/**
 * The limit that holds at a moment: the highest of the budget's own and of the overrides that run. Overrides only
 * raise, and do not add up: two people who raise to the same amount mean one amount.
 */
export function limitAt(
  budget: { readonly limitNanoUsd: bigint },
  overrides: readonly TimedLimit[],
  atMs: number,
): bigint {
  return overrides
    .filter(({ startsAt, endsAt }) => startsAt.getTime() <= atMs && atMs < endsAt.getTime())
    .reduce(
      (highest, { limitNanoUsd }) => (limitNanoUsd > highest ? limitNanoUsd : highest),
      budget.limitNanoUsd,
    );
}
