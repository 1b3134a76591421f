/** One ledger: of a budget in a period, and of one value where it is kept for each. */
export interface LedgerKey {
  readonly projectId: string;
  readonly budgetId: string;
  /** "" when the budget is for all together. */
  readonly value: string;
  readonly periodStartMs: number;
}

/** As the key of a map. */
export function ledgerKeyText({ budgetId, value, periodStartMs }: LedgerKey): string {
  return `${budgetId} ${periodStartMs} ${value}`;
}
