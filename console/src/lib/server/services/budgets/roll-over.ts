import { gt, isNull, min } from "drizzle-orm";
import { periodAt, type PeriodRule } from "../../../budgets/period.ts";
import type { Database } from "../../db/client.ts";
import { budgetOverrides, budgets } from "../../db/schema/budgets.ts";
import { controlVersions } from "../../db/schema/control-versions.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";

/**
 * Raises the control version if a period or an override began or ended since it was last raised: the snapshot
 * tells the budgets as they were at that time. Answers when to come again; undefined when nothing will change by
 * itself. Safe for several consoles at once: the first one raises, and the others see that it has.
 */
export async function rollOver({ db, now }: ServiceContext): Promise<Date | undefined> {
  // Mostly nothing is due, and asking takes no lock.
  const nextAt = await nextRollover(db);
  if (nextAt === undefined || nextAt > now()) return nextAt;
  return db.transaction(async (transaction) => {
    await transaction.select().from(controlVersions).for("update");
    const dueAt = await nextRollover(transaction);
    if (dueAt === undefined || dueAt > now()) return dueAt;
    await raiseControlVersion(transaction, now());
    return nextRollover(transaction);
  });
}

/** The first moment after the last version at which a period or an override begins or ends. */
async function nextRollover(
  db: Pick<Database, "select" | "selectDistinct">,
): Promise<Date | undefined> {
  const [control] = await db.select().from(controlVersions);
  if (control === undefined) return undefined;
  const after = control.changedAt;
  const rules = await db
    .selectDistinct({ period: budgets.period })
    .from(budgets)
    .where(isNull(budgets.deletedAt));
  const [starts] = await db
    .select({ at: min(budgetOverrides.startsAt) })
    .from(budgetOverrides)
    .where(gt(budgetOverrides.startsAt, after));
  const [ends] = await db
    .select({ at: min(budgetOverrides.endsAt) })
    .from(budgetOverrides)
    .where(gt(budgetOverrides.endsAt, after));
  const moments = [
    ...rules.map(({ period }) => nextChange(period, after.getTime())),
    starts?.at?.getTime(),
    ends?.at?.getTime(),
  ].filter((moment) => moment !== undefined && Number.isFinite(moment));
  return moments.length === 0 ? undefined : new Date(Math.min(...(moments as number[])));
}

function nextChange(rule: PeriodRule, afterMs: number): number | undefined {
  if (rule.kind !== "total") return periodAt(rule, afterMs)?.endMs;
  const { startsAt, endsAt } = rule;
  return [startsAt, endsAt]
    .map((text) => (text === undefined ? Infinity : Date.parse(text)))
    .find((moment) => moment > afterMs);
}
