import { and, asc, desc, eq, inArray, isNotNull, isNull } from "drizzle-orm";
import type { CallScope } from "@lensai/otel-config/control/call-scope";
import type { Database } from "../../db/client.ts";
import { killSwitches } from "../../db/schema/kill-switches.ts";

export interface ActiveKillSwitch {
  readonly id: string;
  readonly scope: CallScope;
  readonly reason: string;
  readonly triggeredAt: Date;
  readonly triggeredBy: string;
}

export interface ReleasedKillSwitch extends ActiveKillSwitch {
  readonly releasedAt: Date;
  readonly releasedBy: string;
  readonly releaseReason: string;
}

/** Older ones are in the audit log. */
const RELEASED_LISTED_MAX = 50;

/** Those that are on, oldest first. */
export async function activeKillSwitches(
  db: Database,
  projectId: string,
): Promise<ActiveKillSwitch[]> {
  return db
    .select({
      id: killSwitches.id,
      scope: killSwitches.scope,
      reason: killSwitches.reason,
      triggeredAt: killSwitches.triggeredAt,
      triggeredBy: killSwitches.triggeredBy,
    })
    .from(killSwitches)
    .where(and(eq(killSwitches.projectId, projectId), isNull(killSwitches.releasedAt)))
    .orderBy(asc(killSwitches.triggeredAt), asc(killSwitches.id));
}

/** Those that were released, newest first. */
export async function releasedKillSwitches(
  db: Database,
  projectId: string,
): Promise<ReleasedKillSwitch[]> {
  const rows = await db
    .select()
    .from(killSwitches)
    .where(and(eq(killSwitches.projectId, projectId), isNotNull(killSwitches.releasedAt)))
    .orderBy(desc(killSwitches.releasedAt), asc(killSwitches.id))
    .limit(RELEASED_LISTED_MAX);
  return rows.map((row) => ({
    id: row.id,
    scope: row.scope,
    reason: row.reason,
    triggeredAt: row.triggeredAt,
    triggeredBy: row.triggeredBy,
    releasedAt: row.releasedAt ?? row.triggeredAt,
    releasedBy: row.releasedBy ?? "unknown",
    releaseReason: row.releaseReason ?? "",
  }));
}

/** Those of the projects in which something is stopped. */
export async function projectsWithActiveKillSwitch(
  db: Database,
  projectIds: readonly string[],
): Promise<string[]> {
  const rows = await db
    .selectDistinct({ projectId: killSwitches.projectId })
    .from(killSwitches)
    .where(and(inArray(killSwitches.projectId, [...projectIds]), isNull(killSwitches.releasedAt)));
  return rows.map(({ projectId }) => projectId);
}
