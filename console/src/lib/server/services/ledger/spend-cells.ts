import type { SpendGroup } from "@lensai/analytics/queries/spend-groups";
import { ledgerValueOf } from "@lensai/otel-config/control/leases";
import { ScopeIndex } from "@lensai/otel-config/control/scope-index";
import { periodAt } from "../../../budgets/period.ts";
import type { Budget } from "../budgets/budget.ts";
import { ledgerKeyText } from "./ledger-key.ts";
import type { LedgerKey } from "./ledger-key.ts";

/** What was spent of one ledger by calls that started in one quarter of an hour, with one lease or without any. */
export interface SpendCell {
  readonly key: LedgerKey;
  readonly cellStartMs: number;
  /** "" without. */
  readonly leaseId: string;
  readonly costNanoUsd: bigint;
  readonly chargedNanoUsd: bigint;
  readonly unpricedCalls: number;
}

/** Periods of calendars begin with one in every time zone of today. */
export const CELL_MS = 900_000;

export function cellStartOf(unixMs: number): number {
  return Math.floor(unixMs / CELL_MS) * CELL_MS;
}

/**
 * Which budgets the records count against. The leases of a call say it for the budgets that the guard has charged, with
 * the period in which it was admitted, whichever record of the call is billed: a gateway's knows nothing of whose call it
 * is. Its scope and its start say it for all others. Without the guard the scope says all.
 */
export function spendCells(
  groups: readonly SpendGroup[],
  budgets: readonly Budget[],
  leases: ReadonlyMap<string, LedgerKey>,
): ReadonlyMap<string, SpendCell> {
  const index = new ScopeIndex<Budget>();
  for (const budget of budgets) index.add(budget.scope, budget);
  const counted = new Set(budgets.map(({ id }) => id));
  const cells = new Map<string, SpendCell>();
  const found: Budget[] = [];
  for (const group of groups) {
    const charged = new Set<string>();
    const other = { ...group, chargedNanoUsd: 0n };
    for (const [from, leaseId] of [
      ...group.leaseIds.map((id) => [group, id] as const),
      ...group.otherLeaseIds.map((id) => [other, id] as const),
    ]) {
      const key = leases.get(leaseId);
      if (key === undefined || charged.has(key.budgetId)) continue;
      charged.add(key.budgetId);
      if (counted.has(key.budgetId)) addTo(cells, cellOf(from, key, leaseId));
    }
    const matches = index.match(group.values, found);
    for (const budget of found.slice(0, matches)) {
      const key = charged.has(budget.id) ? undefined : keyOf(budget, group);
      if (key !== undefined) addTo(cells, cellOf(group, key, ""));
    }
  }
  return cells;
}

/** Undefined where the budget is not about the call after all: no value, or not its time. */
function keyOf(
  { id, projectId, each, period: rule, createdAt }: Budget,
  { values, startUnixMs }: SpendGroup,
): LedgerKey | undefined {
  const value = each === null ? "" : values[each];
  const period = periodAt(rule, startUnixMs, createdAt.getTime());
  if (value === undefined || period === undefined) return undefined;
  return {
    projectId,
    budgetId: id,
    value: ledgerValueOf(value),
    periodStartMs: period.startMs,
  };
}

function cellOf(group: SpendGroup, key: LedgerKey, leaseId: string): SpendCell {
  return {
    key,
    cellStartMs: cellStartOf(group.startUnixMs),
    leaseId,
    costNanoUsd: group.costNanoUsd,
    chargedNanoUsd: leaseId === "" ? 0n : group.chargedNanoUsd,
    unpricedCalls: group.unpricedCalls,
  };
}

/** As the key of a map. */
export function cellText({ key, cellStartMs, leaseId }: SpendCell): string {
  return `${cellStartMs} ${leaseId} ${ledgerKeyText(key)}`;
}

function addTo(cells: Map<string, SpendCell>, cell: SpendCell): void {
  const text = cellText(cell);
  const known = cells.get(text);
  cells.set(text, known === undefined ? cell : sumOf(known, cell));
}

function sumOf(one: SpendCell, other: SpendCell): SpendCell {
  return {
    ...one,
    costNanoUsd: one.costNanoUsd + other.costNanoUsd,
    chargedNanoUsd: one.chargedNanoUsd + other.chargedNanoUsd,
    unpricedCalls: one.unpricedCalls + other.unpricedCalls,
  };
}
