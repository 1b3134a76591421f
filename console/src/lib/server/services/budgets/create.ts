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
  /** There are as many as a snapshot may carry; `problem` is a sentence about it. */
  | { readonly kind: "too_many"; readonly problem: string };

/** A policy of that many is about 5 MB. One budget for each user is one budget, not many. */
const PROJECT_BUDGETS_MAX = 10_000;
/**
 * Of all projects: each is some 800 characters of the signed snapshot, and collectors take none that is too large
 * (`SNAPSHOT_CHARACTERS_MAX` of the collector), with kill-switches or not. This leaves a third for everything else.
 */
const BUDGETS_MAX = 40_000;
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
    const problem = await whyTooMany(transaction, input.projectId);
    if (problem !== undefined) return { kind: "too_many", problem };
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

/** Two at the same moment may both be the last one: the limits are far below what cannot be. */
async function whyTooMany(
  transaction: Transaction,
  projectId: string,
): Promise<string | undefined> {
  const existing = isNull(budgets.deletedAt);
  const own = and(eq(budgets.projectId, projectId), existing);
  const whose = "delete one, or use one budget for each value of an attribute";
  if ((await transaction.$count(budgets, own)) >= PROJECT_BUDGETS_MAX)
    return `the project has ${PROJECT_BUDGETS_MAX} budgets, which is as many as it may have: ${whose}`;
  if ((await transaction.$count(budgets, existing)) >= BUDGETS_MAX)
    return `the projects of this installation have ${BUDGETS_MAX} budgets, which is as many as they may have together: ${whose}`;
  return undefined;
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
