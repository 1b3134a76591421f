import { inArray, sql } from "drizzle-orm";
import { budgetLeases } from "../../db/schema/budget-ledgers.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import type { LeaseState, LeaseTimes } from "./lease-state.ts";
import type { LedgerKey } from "./ledger-key.ts";

/** A lease, and the ledger that it is of. */
export interface StoredLease extends LeaseState {
  readonly id: string;
  readonly key: LedgerKey;
  readonly instanceId: string;
}

/** What counts against a limit: the ledgers of one value of a budget that begin within two moments, both inclusive. */
export interface LedgerSpan extends LedgerKey {
  readonly countedFromMs: number;
}

/** Of a span. */
export interface LedgerTotals {
  readonly span: LedgerSpan;
  readonly settledNanoUsd: bigint;
  /** By all leases. */
  readonly heldNanoUsd: bigint;
  /** What may have been spent beyond that: nobody has counted it, or its process is silent. */
  readonly uncertainNanoUsd: bigint;
  /** The part of what is held that may come back: nobody has spent it. */
  readonly returnableNanoUsd: bigint;
  /** Leases of processes that are heard. */
  readonly liveLeases: number;
}

/**
 * Opens the ledgers of the spans where they are not there yet, and locks all that the spans count until the
 * transaction ends: nobody else grants from them meanwhile. In one order, so that two never wait for each other.
 */
export async function lockLedgers(
  transaction: Transaction,
  spans: readonly LedgerSpan[],
): Promise<void> {
  if (spans.length === 0) return;
  const rows = spanRows(spans);
  await transaction.execute(sql`
    insert into budget_ledgers (project_id, budget_id, value, period_starts_at)
    select distinct project_id, budget_id, value, period_starts_at from ${rows}
    order by budget_id, value, period_starts_at
    on conflict do nothing`);
  await transaction.execute(sql`
    select from budget_ledgers ledger
    where exists (
      select from ${rows}
      where span.budget_id = ledger.budget_id and span.value = ledger.value
        and ledger.period_starts_at between span.counted_from and span.period_starts_at)
    order by ledger.budget_id, ledger.value, ledger.period_starts_at
    for update`);
}

/** In the order of the spans. What leases hold is worked out as `heldNanoUsd` and its neighbours do. */
export async function readTotals(
  transaction: Transaction,
  spans: readonly LedgerSpan[],
  { nowMs, times }: { readonly nowMs: number; readonly times: LeaseTimes },
): Promise<LedgerTotals[]> {
  if (spans.length === 0) return [];
  const heardAfter = isoTime(nowMs - times.ttlMs);
  const rows = await transaction.execute<{
    settled: string;
    held: string;
    uncertain: string;
    returnable: string;
    live: number;
  }>(sql`
    select settled.sum::text as settled, leases.held::text as held, leases.uncertain::text as uncertain,
      leases.returnable::text as returnable, leases.live
    from ${spanRows(spans)}
    cross join lateral (
      select coalesce(sum(settled_nano_usd), 0) as sum from budget_ledgers ledger
      where ledger.budget_id = span.budget_id and ledger.value = span.value
        and ledger.period_starts_at between span.counted_from and span.period_starts_at
    ) settled
    cross join lateral (
      select
        coalesce(sum(greatest(0, case
          when is_closed then spent_nano_usd
          when reported_at > ${heardAfter} then greatest(granted_nano_usd, spent_nano_usd + reserved_nano_usd)
          else spent_nano_usd + incurred_nano_usd end - landed_nano_usd)), 0) as held,
        coalesce(sum(uncertain_nano_usd + case
          when is_closed or reported_at > ${heardAfter} then 0
          else greatest(0, greatest(granted_nano_usd, spent_nano_usd + reserved_nano_usd)
            - greatest(spent_nano_usd + incurred_nano_usd, landed_nano_usd)) end), 0) as uncertain,
        coalesce(sum(greatest(granted_nano_usd - spent_nano_usd, reserved_nano_usd))
          filter (where not is_closed and reported_at > ${heardAfter}), 0) as returnable,
        (count(*) filter (where not is_closed and reported_at > ${heardAfter}))::int as live
      from budget_leases lease
      where lease.budget_id = span.budget_id and lease.value = span.value
        and lease.period_starts_at between span.counted_from and span.period_starts_at
        and not (is_closed and landed_nano_usd >= spent_nano_usd and uncertain_nano_usd = 0)
    ) leases
    order by span.ordinal`);
  return rows.map((row, index) => ({
    span: spans[index] as LedgerSpan,
    settledNanoUsd: BigInt(row.settled),
    heldNanoUsd: BigInt(row.held),
    uncertainNanoUsd: BigInt(row.uncertain),
    returnableNanoUsd: BigInt(row.returnable),
    liveLeases: row.live,
  }));
}

/** By id. */
export async function loadLeases(
  transaction: Transaction,
  leaseIds: readonly string[],
): Promise<ReadonlyMap<string, StoredLease>> {
  if (leaseIds.length === 0) return new Map();
  const rows = await transaction
    .select()
    .from(budgetLeases)
    .where(inArray(budgetLeases.id, [...leaseIds]));
  return new Map(rows.map((row) => [row.id, storedLease(row)]));
}

/** Adds those that are new. What has landed of a lease is not the processes' to say, and stays as it is. */
export async function saveLeases(
  transaction: Transaction,
  leases: readonly StoredLease[],
  now: Date,
): Promise<void> {
  if (leases.length === 0) return;
  const rows = leases.map(({ key, reportedAtMs, ...lease }) => ({
    ...lease,
    projectId: key.projectId,
    budgetId: key.budgetId,
    value: key.value,
    periodStartsAt: new Date(key.periodStartMs),
    openedAt: now,
    reportedAt: new Date(reportedAtMs),
  }));
  await transaction
    .insert(budgetLeases)
    .values(rows)
    .onConflictDoUpdate({
      target: budgetLeases.id,
      set: {
        sequence: sql`excluded.sequence`,
        grantedNanoUsd: sql`excluded.granted_nano_usd`,
        spentNanoUsd: sql`excluded.spent_nano_usd`,
        reservedNanoUsd: sql`excluded.reserved_nano_usd`,
        incurredNanoUsd: sql`excluded.incurred_nano_usd`,
        uncertainNanoUsd: sql`excluded.uncertain_nano_usd`,
        reportedAt: sql`excluded.reported_at`,
        isClosed: sql`excluded.is_closed`,
      },
      setWhere: sql`excluded.sequence > ${budgetLeases.sequence}`,
    });
}

function storedLease(row: typeof budgetLeases.$inferSelect): StoredLease {
  const { id, projectId, budgetId, value, periodStartsAt, reportedAt, instanceId } = row;
  const { sequence, grantedNanoUsd, spentNanoUsd, reservedNanoUsd, incurredNanoUsd } = row;
  return {
    id,
    key: { projectId, budgetId, value, periodStartMs: periodStartsAt.getTime() },
    instanceId,
    sequence,
    grantedNanoUsd,
    spentNanoUsd,
    reservedNanoUsd,
    incurredNanoUsd,
    uncertainNanoUsd: row.uncertainNanoUsd,
    landedNanoUsd: row.landedNanoUsd,
    reportedAtMs: reportedAt.getTime(),
    isClosed: row.isClosed,
  };
}

/** The spans as a table `span`. */
function spanRows(spans: readonly LedgerSpan[]) {
  const json = JSON.stringify(
    spans.map(({ projectId, budgetId, value, countedFromMs, periodStartMs }, ordinal) => ({
      ordinal,
      project_id: projectId,
      budget_id: budgetId,
      value,
      counted_from: isoTime(countedFromMs),
      period_starts_at: isoTime(periodStartMs),
    })),
  );
  // As text: the driver would write a value of type jsonb as JSON once more.
  return sql`jsonb_to_recordset((${json}::text)::jsonb) as span(
    ordinal int, project_id text, budget_id text, value text,
    counted_from timestamptz, period_starts_at timestamptz)`;
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
