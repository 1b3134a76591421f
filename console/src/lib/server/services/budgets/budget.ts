import type { TimedLimit } from "../../../budgets/limit-at.ts";
import type { budgetOverrides, budgets } from "../../db/schema/budgets.ts";

/** A budget as it is stored. */
export type Budget = typeof budgets.$inferSelect;

export interface BudgetOverride extends TimedLimit {
  readonly id: string;
  readonly budgetId: string;
  readonly reason: string;
  readonly createdAt: Date;
  readonly createdBy: string;
  /** Who ended it early; null when nobody did. */
  readonly endedBy: string | null;
}

/** What of a budget somebody decides; the rest is about its row. */
const TERMS = [
  "name",
  "scope",
  "each",
  "limitNanoUsd",
  "period",
  "thresholdsPercent",
  "alertsOnForecast",
  "mode",
  "failMode",
  "unknownPrice",
  "clamp",
  "owner",
  "notes",
] as const satisfies readonly (keyof Budget)[];

export type BudgetTerm = (typeof TERMS)[number];

/** The terms as JSON: what the audit log tells of a budget. Amounts are digits. */
export function budgetFacts(budget: Pick<Budget, BudgetTerm>): Record<BudgetTerm, unknown> {
  const facts = TERMS.map((name) => [name, jsonValue(budget[name])] as const);
  return Object.fromEntries(facts) as Record<BudgetTerm, unknown>;
}

/** The terms of which these two differ, as each has them. */
export function changedFacts(
  before: Pick<Budget, BudgetTerm>,
  after: Pick<Budget, BudgetTerm>,
): { before: Record<string, unknown>; after: Record<string, unknown> } {
  const [old, latest] = [budgetFacts(before), budgetFacts(after)];
  const changed = TERMS.filter((name) => !isSameJson(old[name], latest[name]));
  const only = (facts: Record<BudgetTerm, unknown>): Record<string, unknown> =>
    Object.fromEntries(changed.map((name) => [name, facts[name]]));
  return { before: only(old), after: only(latest) };
}

export function overrideFacts({
  limitNanoUsd,
  reason,
  startsAt,
  endsAt,
}: typeof budgetOverrides.$inferSelect): Record<string, unknown> {
  return {
    limitNanoUsd: jsonValue(limitNanoUsd),
    reason,
    startsAt: startsAt.toISOString(),
    endsAt: endsAt.toISOString(),
  };
}

function jsonValue(value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}

/** A database may give the members of an object back in another order. */
function isSameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
}
