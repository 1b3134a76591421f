import { isNull } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { alertChannels } from "../../db/schema/alert-channels.ts";
import { budgets } from "../../db/schema/budgets.ts";

/** Is there a budget or a channel, in any project? Otherwise nothing needs to be looked after. */
export async function hasAnyoneToTell(db: Database): Promise<boolean> {
  const channel = await db
    .select({ id: alertChannels.id })
    .from(alertChannels)
    .where(isNull(alertChannels.removedAt))
    .limit(1);
  if (channel.length > 0) return true;
  const budget = await db
    .select({ id: budgets.id })
    .from(budgets)
    .where(isNull(budgets.deletedAt))
    .limit(1);
  return budget.length > 0;
}
