import type { ServiceContext } from "../context.ts";
import { leaseTimesAt, readOutage } from "../ledger/hearing.ts";
import { LEASE_TIMES } from "../ledger/lease-times.ts";
import { countedFromMs } from "../ledger/load-budgets.ts";
import { readTotals, type LedgerSpan } from "../ledger/stored-ledgers.ts";
import { periodAt } from "../../../budgets/period.ts";
import type { Budget } from "./budget.ts";

export interface HeldAmount {
  /** What the ledger knows to be spent, and what processes hold to spend. */
  readonly settledNanoUsd: bigint;
  readonly heldNanoUsd: bigint;
  /** What may have been spent beyond that: nobody has counted it, or its process is silent. */
  readonly uncertainNanoUsd: bigint;
  /** Leases of processes that are heard. */
  readonly liveLeases: number;
}

/**
 * What the ledger says of budgets for all together, by id; those that are for each value, and those that limit
 * nothing now, are not there.
 */
export async function heldAmounts(
  { db, now }: ServiceContext,
  budgets: readonly Budget[],
): Promise<ReadonlyMap<string, HeldAmount>> {
  const at = now().getTime();
  const spans = budgets.flatMap((budget): LedgerSpan[] => {
    const period = periodAt(budget.period, at, budget.createdAt.getTime());
    if (period === undefined || budget.each !== null) return [];
    const { projectId, id } = budget;
    const countedFrom = countedFromMs(budget, period);
    return [
      {
        projectId,
        budgetId: id,
        value: "",
        periodStartMs: period.startMs,
        countedFromMs: countedFrom,
      },
    ];
  });
  const totals = await db.transaction(async (transaction) => {
    const times = leaseTimesAt(LEASE_TIMES, await readOutage(transaction), at);
    return readTotals(transaction, spans, { nowMs: at, times });
  });
  return new Map(totals.map(({ span, ...amount }) => [span.budgetId, amount]));
}
