import { and, eq, gt, sql } from "drizzle-orm";
import { budgetOverrides } from "../../db/schema/budgets.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
import { overrideFacts } from "./budget.ts";
import type { EndOverrideInput } from "./schemas.ts";

/** Takes a raise back before its time. False when there is none of that id, or it was over. */
export async function endOverride(
  context: ServiceContext,
  { projectId, budgetId, overrideId }: EndOverrideInput,
  actor: string,
): Promise<boolean> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    const [ended] = await transaction
      .update(budgetOverrides)
      // One that has not begun never does: it ends as it would have started.
      .set({
        endsAt: sql`greatest(${budgetOverrides.startsAt}, ${now.toISOString()}::timestamptz)`,
        endedBy: actor,
      })
      .where(
        and(
          eq(budgetOverrides.projectId, projectId),
          eq(budgetOverrides.budgetId, budgetId),
          eq(budgetOverrides.id, overrideId),
          gt(budgetOverrides.endsAt, now),
        ),
      )
      .returning();
    if (ended === undefined || ended.endedBy === null) return false;
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "budget.end_override",
      projectId,
      subjectId: budgetId,
      before: { overrideId, ...overrideFacts(ended) },
    });
    await raiseControlVersion(transaction, now);
    return true;
  });
}
