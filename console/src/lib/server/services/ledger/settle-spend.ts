import { and, eq, gte, inArray, lt, sql } from "drizzle-orm";
import type { SpendGroup } from "@lensai/analytics/queries/spend-groups";
import type { Database } from "../../db/client.ts";
import { budgetLeases, budgetLedgers, budgetSpend } from "../../db/schema/budget-ledgers.ts";
import type { Budget } from "../budgets/budget.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import { cellText, spendCells } from "./spend-cells.ts";
import type { SpendCell } from "./spend-cells.ts";
import { ledgerKeyText } from "./ledger-key.ts";
import type { LedgerKey } from "./ledger-key.ts";
import { lockLedgers } from "./stored-ledgers.ts";

/** Everything that the lake knows of some budgets of a project, by calls that started within a time. */
export interface SpendReading {
  readonly projectId: string;
  readonly budgets: readonly Budget[];
  /** Whole cells; `toMs` is exclusive. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly groups: readonly SpendGroup[];
}

/** How much more, or less, is settled of a ledger than before. */
export interface SettledChange {
  readonly key: LedgerKey;
  readonly moreNanoUsd: bigint;
}

/** One statement writes no more rows than this: PostgreSQL takes 65,535 values. */
const ROWS_PER_STATEMENT = 4_000;
const LEASES_PER_STATEMENT = 10_000;

/**
 * Makes the ledgers agree with what was read of the lake: pieces that are other than before are replaced, and the
 * ledgers and leases move by the difference, together. Reading the same again changes nothing. Only one may settle
 * at a time (`claimJob`): what was written before is read without a lock.
 */
export async function settleSpend(db: Database, reading: SpendReading): Promise<SettledChange[]> {
  return db.transaction(async (transaction) => {
    const leases = await loadLeaseKeys(transaction, reading);
    const cells = spendCells(reading.groups, reading.budgets, leases);
    const before = await loadCells(transaction, reading);
    const changed = [...cells].filter(([text, cell]) => !isSame(before.get(text), cell));
    const gone = [...before].filter(([text]) => !cells.has(text));
    if (changed.length + gone.length === 0) return [];
    const differences = [
      ...changed.map(([text, cell]) => difference(before.get(text), cell)),
      ...gone.map(([, cell]) => difference(cell, undefined)),
    ];
    const moves = movesOf(differences);
    await moveLedgers(transaction, moves);
    await moveLeases(transaction, differences);
    await deleteCells(
      transaction,
      gone.map(([, cell]) => cell),
    );
    await writeCells(
      transaction,
      changed.map(([, cell]) => cell),
    );
    return moves;
  });
}

async function loadLeaseKeys(
  transaction: Transaction,
  { projectId, groups }: SpendReading,
): Promise<ReadonlyMap<string, LedgerKey>> {
  const ids = [
    ...new Set(groups.flatMap(({ leaseIds, otherLeaseIds }) => leaseIds.concat(otherLeaseIds))),
  ];
  const keys = new Map<string, LedgerKey>();
  for (let at = 0; at < ids.length; at += LEASES_PER_STATEMENT) {
    const rows = await transaction
      .select({
        id: budgetLeases.id,
        budgetId: budgetLeases.budgetId,
        value: budgetLeases.value,
        periodStartsAt: budgetLeases.periodStartsAt,
      })
      .from(budgetLeases)
      .where(
        and(
          eq(budgetLeases.projectId, projectId),
          inArray(budgetLeases.id, ids.slice(at, at + LEASES_PER_STATEMENT)),
        ),
      );
    for (const { id, budgetId, value, periodStartsAt } of rows) {
      keys.set(id, { projectId, budgetId, value, periodStartMs: periodStartsAt.getTime() });
    }
  }
  return keys;
}

async function loadCells(
  transaction: Transaction,
  { projectId, budgets, fromMs, toMs }: SpendReading,
): Promise<ReadonlyMap<string, SpendCell>> {
  if (budgets.length === 0) return new Map();
  const budgetIds = budgets.map(({ id }) => id);
  const rows = await transaction
    .select()
    .from(budgetSpend)
    .where(
      and(
        eq(budgetSpend.projectId, projectId),
        inArray(budgetSpend.budgetId, budgetIds),
        gte(budgetSpend.cellStartsAt, new Date(fromMs)),
        lt(budgetSpend.cellStartsAt, new Date(toMs)),
      ),
    );
  const cells = rows.map((row): SpendCell => ({
    key: {
      projectId,
      budgetId: row.budgetId,
      value: row.value,
      periodStartMs: row.periodStartsAt.getTime(),
    },
    cellStartMs: row.cellStartsAt.getTime(),
    leaseId: row.leaseId,
    costNanoUsd: row.costNanoUsd,
    chargedNanoUsd: row.chargedNanoUsd,
    unpricedCalls: row.unpricedCalls,
  }));
  return new Map(cells.map((cell) => [cellText(cell), cell]));
}

function isSame(one: SpendCell | undefined, other: SpendCell): boolean {
  return (
    one !== undefined &&
    one.costNanoUsd === other.costNanoUsd &&
    one.chargedNanoUsd === other.chargedNanoUsd &&
    one.unpricedCalls === other.unpricedCalls
  );
}

interface CellDifference {
  readonly key: LedgerKey;
  readonly leaseId: string;
  readonly moreNanoUsd: bigint;
  readonly moreChargedNanoUsd: bigint;
}

function difference(before: SpendCell | undefined, after: SpendCell | undefined): CellDifference {
  const { key, leaseId } = (after ?? before) as SpendCell;
  return {
    key,
    leaseId,
    moreNanoUsd: (after?.costNanoUsd ?? 0n) - (before?.costNanoUsd ?? 0n),
    moreChargedNanoUsd: (after?.chargedNanoUsd ?? 0n) - (before?.chargedNanoUsd ?? 0n),
  };
}

function movesOf(differences: readonly CellDifference[]): SettledChange[] {
  const moves = new Map<string, SettledChange>();
  for (const { key, moreNanoUsd } of differences) {
    const known = moves.get(ledgerKeyText(key))?.moreNanoUsd ?? 0n;
    moves.set(ledgerKeyText(key), { key, moreNanoUsd: known + moreNanoUsd });
  }
  return [...moves.values()];
}

/** All of them are locked, also where only a lease moves: grants see both moves or neither. */
async function moveLedgers(
  transaction: Transaction,
  moves: readonly SettledChange[],
): Promise<void> {
  await lockLedgers(
    transaction,
    moves.map(({ key }) => ({ ...key, countedFromMs: key.periodStartMs })),
  );
  const rows = moves.map(({ key, moreNanoUsd }) => ({
    budget_id: key.budgetId,
    value: key.value,
    period_starts_at: new Date(key.periodStartMs).toISOString(),
    more: moreNanoUsd.toString(),
  }));
  await transaction.execute(sql`
    update ${budgetLedgers} ledger set settled_nano_usd = ledger.settled_nano_usd + move.more::bigint
    from jsonb_to_recordset((${JSON.stringify(rows)}::text)::jsonb)
      as move(budget_id text, value text, period_starts_at timestamptz, more text)
    where ledger.budget_id = move.budget_id and ledger.value = move.value
      and ledger.period_starts_at = move.period_starts_at`);
}

async function moveLeases(
  transaction: Transaction,
  differences: readonly CellDifference[],
): Promise<void> {
  const landed = new Map<string, bigint>();
  for (const { leaseId, moreChargedNanoUsd } of differences) {
    if (leaseId !== "") landed.set(leaseId, (landed.get(leaseId) ?? 0n) + moreChargedNanoUsd);
  }
  if (landed.size === 0) return;
  const rows = Array.from(landed, ([id, more]) => ({ id, more: more.toString() }));
  await transaction.execute(sql`
    update ${budgetLeases} lease set landed_nano_usd = lease.landed_nano_usd + move.more::bigint
    from jsonb_to_recordset((${JSON.stringify(rows)}::text)::jsonb) as move(id text, more text)
    where lease.id = move.id`);
}

async function deleteCells(transaction: Transaction, cells: readonly SpendCell[]): Promise<void> {
  if (cells.length === 0) return;
  const rows = cells.map(({ key, cellStartMs, leaseId }) => ({
    budget_id: key.budgetId,
    value: key.value,
    period_starts_at: new Date(key.periodStartMs).toISOString(),
    cell_starts_at: new Date(cellStartMs).toISOString(),
    lease_id: leaseId,
  }));
  await transaction.execute(sql`
    delete from ${budgetSpend} spend
    using jsonb_to_recordset((${JSON.stringify(rows)}::text)::jsonb) as gone(
      budget_id text, value text, period_starts_at timestamptz,
      cell_starts_at timestamptz, lease_id text)
    where spend.budget_id = gone.budget_id and spend.cell_starts_at = gone.cell_starts_at
      and spend.value = gone.value and spend.period_starts_at = gone.period_starts_at
      and spend.lease_id = gone.lease_id`);
}

async function writeCells(transaction: Transaction, cells: readonly SpendCell[]): Promise<void> {
  for (let at = 0; at < cells.length; at += ROWS_PER_STATEMENT) {
    const rows = cells
      .slice(at, at + ROWS_PER_STATEMENT)
      .map(({ key, cellStartMs, leaseId, costNanoUsd, chargedNanoUsd, unpricedCalls }) => ({
        projectId: key.projectId,
        budgetId: key.budgetId,
        value: key.value,
        periodStartsAt: new Date(key.periodStartMs),
        cellStartsAt: new Date(cellStartMs),
        leaseId,
        costNanoUsd,
        chargedNanoUsd,
        unpricedCalls,
      }));
    await transaction
      .insert(budgetSpend)
      .values(rows)
      .onConflictDoUpdate({
        target: [
          budgetSpend.budgetId,
          budgetSpend.cellStartsAt,
          budgetSpend.value,
          budgetSpend.periodStartsAt,
          budgetSpend.leaseId,
        ],
        set: {
          costNanoUsd: sql`excluded.cost_nano_usd`,
          chargedNanoUsd: sql`excluded.charged_nano_usd`,
          unpricedCalls: sql`excluded.unpriced_calls`,
        },
      });
  }
}
