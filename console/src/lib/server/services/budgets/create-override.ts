import { budgetOverrides } from "../../db/schema/budgets.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
import { overrideFacts, type Budget } from "./budget.ts";
import { lockBudget, type BudgetNotFound } from "./lock-budget.ts";
import { OVERRIDE_DAYS_MAX, type CreateOverrideInput } from "./schemas.ts";

const DAY_MS = 86_400_000;
const ID_RANDOM_BYTES = 9;

export type CreateOverrideResult =
  | { readonly kind: "created"; readonly overrideId: string }
  | BudgetNotFound
  | InvalidOverride;

interface InvalidOverride {
  readonly kind: "invalid";
  readonly field: string;
  readonly problem: string;
}

/**
 * Raises the limit of a budget for a time. Several may run at once: the highest holds. The input is trusted: parse it
 * with `createOverrideSchema` first.
 */
export async function createOverride(
  context: ServiceContext,
  input: CreateOverrideInput,
  actor: string,
): Promise<CreateOverrideResult> {
  const now = context.now();
  const { projectId, budgetId, limitNanoUsd, reason } = input;
  const startsAt = input.startsAt === undefined ? now : new Date(input.startsAt);
  const endsAt = new Date(input.endsAt);
  const id = `ovr_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`;
  return context.db.transaction(async (transaction): Promise<CreateOverrideResult> => {
    const budget = await lockBudget(transaction, { projectId, budgetId });
    if (budget === undefined) return { kind: "not_found" };
    const wanted = { limitNanoUsd, startsAt, endsAt };
    const invalid = problemOf(wanted, budget, now);
    if (invalid !== undefined) return invalid;
    const made = { createdAt: now, createdBy: actor, endedBy: null };
    const row = { id, projectId, budgetId, reason, ...wanted, ...made };
    await transaction.insert(budgetOverrides).values(row);
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "budget.override",
      projectId,
      subjectId: budgetId,
      after: { overrideId: id, ...overrideFacts(row) },
    });
    await raiseControlVersion(transaction, now);
    return { kind: "created", overrideId: id };
  });
}

interface WantedOverride {
  readonly limitNanoUsd: bigint;
  readonly startsAt: Date;
  readonly endsAt: Date;
}

/** What only the clock and the budget can tell. */
function problemOf(
  { limitNanoUsd, startsAt, endsAt }: WantedOverride,
  budget: Budget,
  now: Date,
): InvalidOverride | undefined {
  if (endsAt <= now) return refuse("endsAt", "is in the past");
  if (startsAt < now) return refuse("startsAt", "is in the past");
  if (endsAt.getTime() - startsAt.getTime() > OVERRIDE_DAYS_MAX * DAY_MS)
    return refuse("endsAt", `is more than ${OVERRIDE_DAYS_MAX} days after the start`);
  if (limitNanoUsd <= budget.limitNanoUsd)
    return refuse("limitNanoUsd", "is not above the limit of the budget: an override only raises");
  return undefined;
}

function refuse(field: string, problem: string): InvalidOverride {
  return { kind: "invalid", field, problem };
}
