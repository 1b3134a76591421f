import { and, eq, isNull } from "drizzle-orm";
import { budgets } from "../../db/schema/budgets.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion, type Transaction } from "../snapshot/raise-version.ts";
import { budgetFacts, type Budget } from "./budget.ts";
import type { CreateBudgetInput } from "./schemas.ts";

export type CreateBudgetResult =
  | { readonly kind: "created"; readonly budget: Budget }
  /** Another budget of the project has the name. */
  | { readonly kind: "name_taken" }
  /** The project has as many as a snapshot may carry. */
  | { readonly kind: "too_many"; readonly budgetsMax: number };

/** A snapshot of that many is about 5 MB. One budget for each user is one budget, not many. */
const BUDGETS_MAX = 10_000;
const ID_RANDOM_BYTES = 9;

/** Makes a budget. The project must exist; the input is trusted: parse it with `createBudgetSchema` first. */
export async function createBudget(
  context: ServiceContext,
  input: CreateBudgetInput,
  actor: string,
): Promise<CreateBudgetResult> {
  const now = context.now();
  const id = `bud_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`;
  const made = { createdAt: now, createdBy: actor, updatedAt: now, updatedBy: actor };
  return context.db.transaction(async (transaction): Promise<CreateBudgetResult> => {
    const existing = and(eq(budgets.projectId, input.projectId), isNull(budgets.deletedAt));
    if ((await transaction.$count(budgets, existing)) >= BUDGETS_MAX)
      return { kind: "too_many", budgetsMax: BUDGETS_MAX };
    const [budget] = await transaction
      .insert(budgets)
      .values({ ...input, ...made, id, version: 1 })
      .onConflictDoNothing()
      .returning();
    if (budget === undefined) return { kind: "name_taken" };
    await recordCreation(transaction, budget);
    return { kind: "created", budget };
  });
}

async function recordCreation(transaction: Transaction, budget: Budget): Promise<void> {
  await appendAudit(transaction, {
    at: budget.createdAt,
    actor: budget.createdBy,
    action: "budget.create",
    projectId: budget.projectId,
    subjectId: budget.id,
    after: budgetFacts(budget),
  });
  await raiseControlVersion(transaction, budget.createdAt);
}
