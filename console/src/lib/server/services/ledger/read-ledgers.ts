import { and, asc, eq } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { budgetLedgers } from "../../db/schema/budget-ledgers.ts";
import { leaseTimesAt, readOutage } from "./hearing.ts";
import { LEASE_TIMES } from "./lease-times.ts";
import type { LedgerKey } from "./ledger-key.ts";
import { readTotals } from "./stored-ledgers.ts";

/** One ledger of a budget. */
export interface LedgerFigures extends LedgerKey {
  /** What the calls are billed that are in the lake. */
  readonly settledNanoUsd: bigint;
  /** What leases hold beyond that: granted to processes that are heard, or spent and not yet landed. */
  readonly heldNanoUsd: bigint;
  /** What may have been spent beyond that: nobody has counted it, or its process is silent. */
  readonly uncertainNanoUsd: bigint;
  /** Processes that hold a lease. */
  readonly liveLeases: number;
}

export interface LedgersQuestion {
  readonly projectId: string;
  readonly budgetId: string;
  readonly nowMs: number;
  /** All periods when absent. */
  readonly periodStartMs?: number;
  readonly limit?: number;
}

const LEDGERS_LISTED_MAX = 1_000;

/** By period and value. */
export async function readLedgers(
  db: Database,
  { projectId, budgetId, nowMs, periodStartMs, limit }: LedgersQuestion,
): Promise<LedgerFigures[]> {
  return db.transaction(async (transaction) => {
    const rows = await transaction
      .select()
      .from(budgetLedgers)
      .where(
        and(
          eq(budgetLedgers.projectId, projectId),
          eq(budgetLedgers.budgetId, budgetId),
          periodStartMs === undefined
            ? undefined
            : eq(budgetLedgers.periodStartsAt, new Date(periodStartMs)),
        ),
      )
      .orderBy(asc(budgetLedgers.periodStartsAt), asc(budgetLedgers.value))
      .limit(limit ?? LEDGERS_LISTED_MAX);
    const spans = rows.map(({ value, periodStartsAt }) => ({
      projectId,
      budgetId,
      value,
      periodStartMs: periodStartsAt.getTime(),
      countedFromMs: periodStartsAt.getTime(),
    }));
    const times = leaseTimesAt(LEASE_TIMES, await readOutage(transaction), nowMs);
    const totals = await readTotals(transaction, spans, { nowMs, times });
    return totals.map(({ span, ...figures }) => Object.assign({}, keyOf(span), figures));
  });
}

function keyOf({ projectId, budgetId, value, periodStartMs }: LedgerKey): LedgerKey {
  return { projectId, budgetId, value, periodStartMs };
}
