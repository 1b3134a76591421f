import { and, eq, inArray, isNotNull, isNull } from "drizzle-orm";
import type { CallScope } from "@lensai/otel-config/control/call-scope";
import type { Database } from "../../db/client.ts";
import { killSwitches } from "../../db/schema/kill-switches.ts";
import { listOrder, WHOLE_LIST, type ListPart } from "../list-order.ts";

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

/** The oldest first. */
export const ACTIVE_SWITCH_ORDER = listOrder<ActiveKillSwitch>(
  { kind: "time", by: killSwitches.triggeredAt, of: (one) => one.triggeredAt },
  { kind: "text", by: killSwitches.id, of: (one) => one.id },
);

/** The one that was released last first. */
export const RELEASED_SWITCH_ORDER = listOrder<ReleasedKillSwitch>(
  { kind: "time", by: killSwitches.releasedAt, of: (one) => one.releasedAt, isFalling: true },
  { kind: "text", by: killSwitches.id, of: (one) => one.id },
);

/** As many as a page shows. */
const RELEASED_SWITCHES_SHOWN: ListPart = { limit: 50 };

/** Those that are on, in `ACTIVE_SWITCH_ORDER`. */
export async function activeKillSwitches(
  db: Database,
  projectId: string,
  { limit, after }: ListPart = WHOLE_LIST,
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
    .where(
      and(
        eq(killSwitches.projectId, projectId),
        isNull(killSwitches.releasedAt),
        ACTIVE_SWITCH_ORDER.isBehind(after),
      ),
    )
    .orderBy(...ACTIVE_SWITCH_ORDER.orderBy)
    .limit(limit);
}

/** Those that were released, in `RELEASED_SWITCH_ORDER`. */
export async function releasedKillSwitches(
  db: Database,
  projectId: string,
  { limit, after }: ListPart = RELEASED_SWITCHES_SHOWN,
): Promise<ReleasedKillSwitch[]> {
  const rows = await db
    .select()
    .from(killSwitches)
    .where(
      and(
        eq(killSwitches.projectId, projectId),
        isNotNull(killSwitches.releasedAt),
        RELEASED_SWITCH_ORDER.isBehind(after),
      ),
    )
    .orderBy(...RELEASED_SWITCH_ORDER.orderBy)
    .limit(limit);
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
