import { ledgerValueOf } from "@lensai/otel-config/control/leases";
import type { ServiceContext } from "../context.ts";
import { leaseTimesAt, readOutage } from "../ledger/hearing.ts";
import { LEASE_TIMES } from "../ledger/lease-times.ts";
import { countedFromMs } from "../ledger/load-budgets.ts";
import { readTotals, type LedgerSpan, type LedgerTotals } from "../ledger/stored-ledgers.ts";
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
  context: ServiceContext,
  budgets: readonly Budget[],
): Promise<ReadonlyMap<string, HeldAmount>> {
  const at = context.now().getTime();
  const spans = budgets
    .filter(({ each }) => each === null)
    .flatMap((budget) => spanOf(budget, "", at) ?? []);
  const totals = await totalsOf(context, spans, at);
  return new Map(totals.map(({ span, ...amount }) => [span.budgetId, amount]));
}

/** The same of a budget for each value, by these values. */
export async function heldByValue(
  context: ServiceContext,
  budget: Budget,
  values: readonly string[],
): Promise<ReadonlyMap<string, HeldAmount>> {
  const at = context.now().getTime();
  const spans = values.flatMap((value) => spanOf(budget, ledgerValueOf(value), at) ?? []);
  const totals = await totalsOf(context, spans, at);
  const byLedger = new Map(totals.map(({ span, ...amount }) => [span.value, amount]));
  return new Map(
    values.flatMap((value) => {
      const amount = byLedger.get(ledgerValueOf(value));
      return amount === undefined ? [] : [[value, amount]];
    }),
  );
}

/** Undefined where the budget limits nothing now. */
function spanOf(budget: Budget, value: string, at: number): LedgerSpan | undefined {
  const { projectId, id: budgetId, createdAt } = budget;
  const period = periodAt(budget.period, at, createdAt.getTime());
  if (period === undefined) return undefined;
  const countedFrom = countedFromMs(budget, period);
  return { projectId, budgetId, value, periodStartMs: period.startMs, countedFromMs: countedFrom };
}

async function totalsOf(
  { db }: ServiceContext,
  spans: readonly LedgerSpan[],
  at: number,
): Promise<LedgerTotals[]> {
  return db.transaction(async (transaction) => {
    const times = leaseTimesAt(LEASE_TIMES, await readOutage(transaction), at);
    return readTotals(transaction, spans, { nowMs: at, times });
  });
}
