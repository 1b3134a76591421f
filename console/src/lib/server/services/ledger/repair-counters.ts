import { sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import type { Budget } from "../budgets/budget.ts";
import type { SettledChange } from "./settle-spend.ts";

/**
 * Sets the counters of a budget to the sums of the pieces they are made of; answers which ledgers were wrong. None
 * ever is, unless somebody has written into the tables by hand.
 */
export async function repairCounters(db: Database, budget: Budget): Promise<SettledChange[]> {
  const { id, projectId } = budget;
  return db.transaction(async (transaction) => {
    const ledgers = await transaction.execute<{ value: string; start: string; more: string }>(sql`
      with sums as (
        select ledger.value, ledger.period_starts_at, ledger.settled_nano_usd as before,
          coalesce(sum(spend.cost_nano_usd), 0)::bigint as after
        from budget_ledgers ledger
        left join budget_spend spend using (budget_id, value, period_starts_at)
        where ledger.budget_id = ${id}
        group by ledger.value, ledger.period_starts_at, ledger.settled_nano_usd
      )
      update budget_ledgers ledger set settled_nano_usd = sums.after
      from sums
      where ledger.budget_id = ${id} and ledger.value = sums.value
        and ledger.period_starts_at = sums.period_starts_at and sums.before <> sums.after
      returning ledger.value, (extract(epoch from ledger.period_starts_at) * 1000)::bigint::text as start,
        (sums.after - sums.before)::text as more`);
    await transaction.execute(sql`
      with sums as (
        select lease.id, coalesce(sum(spend.charged_nano_usd), 0)::bigint as landed
        from budget_leases lease
        left join budget_spend spend on spend.budget_id = lease.budget_id and spend.lease_id = lease.id
        where lease.budget_id = ${id}
        group by lease.id
      )
      update budget_leases lease set landed_nano_usd = sums.landed
      from sums where lease.id = sums.id and lease.landed_nano_usd <> sums.landed`);
    return ledgers.map(({ value, start, more }) => ({
      key: { projectId, budgetId: id, value, periodStartMs: Number(start) },
      moreNanoUsd: BigInt(more),
    }));
  });
}
