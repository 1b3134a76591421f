import type { IngestTrouble } from "@lensai/otel-config/alerts/alert";
import { and, eq, gt, isNotNull, isNull, lte, max } from "drizzle-orm";
import { announcements } from "../../db/schema/announcements.ts";
import { apiKeys } from "../../db/schema/api-keys.ts";
import { collectors } from "../../db/schema/collectors.ts";
import type { ServiceContext } from "../../services/context.ts";
import { propagationOf } from "../../services/receipts/propagation.ts";
import { drillAlerts } from "./drill-alerts.ts";
import { recordUnknown, type EvaluationOptions } from "./evaluate-project.ts";
import { KEY_HORIZON_MS, keyAlerts } from "./key-alerts.ts";
import { createLasting } from "./lasting.ts";

/** Troubles that concern every project, with what is known of each. */
export type InstallationTroubles = () => Promise<readonly InstallationTrouble[]>;

export interface InstallationTrouble {
  readonly trouble: Exclude<IngestTrouble, "rejected" | "dropped">;
  readonly reason: string | undefined;
}

const MINUTE_MS = 60_000;
const DRILLS_MAX = 20;
/** Drills that are older were told of, or a console was away for so long that nobody asks any more. */
const DRILL_WINDOW_MS = 60 * MINUTE_MS;
const SILENCE_MS = 2 * MINUTE_MS;
/** Whoever has been away for a day was switched off on purpose. */
const SILENCE_FORGOTTEN_MS = 24 * 60 * MINUTE_MS;

/** A failure that passes by itself is nothing to wake anybody for. */
const LASTS_MS = 5 * MINUTE_MS;

/** Of troubles, those that have been there whenever it looked for some minutes. */
export function lastingTroubles(
  troubles: InstallationTroubles,
  now: () => Date,
): InstallationTroubles {
  const lasting = createLasting(now, LASTS_MS);
  return async () => lasting(await troubles(), ({ trouble }) => trouble);
}

export interface InstallationOptions extends Pick<EvaluationOptions, "services" | "known"> {
  readonly troubles: InstallationTroubles;
  /** Since then collectors could be heard. */
  readonly listensSince: Date;
}

/**
 * Keys that end soon, drills that are over, and what is wrong with the installation: every project is told of that, once
 * a day while it lasts.
 */
export async function evaluateInstallation(
  options: InstallationOptions,
  projectIds: readonly string[],
): Promise<void> {
  const { services, known } = options;
  const now = services.now();
  const expiring = await expiringKeys(services, now);
  for (const projectId of projectIds) {
    const keys = expiring.get(projectId) ?? [];
    const occurrences = keys.flatMap((key) => keyAlerts(key, now));
    await recordUnknown(services, known, { projectId, occurrences });
  }
  const drilled = await projectsWithDrill(services, now);
  for (const projectId of drilled.filter((id) => projectIds.includes(id))) {
    const propagations = await propagationOf(services.db, { projectId, now, limit: DRILLS_MAX });
    const occurrences = propagations.flatMap((propagation) => drillAlerts(propagation, now));
    await recordUnknown(services, known, { projectId, occurrences });
  }
  const found = [...(await options.troubles()), ...(await silentCollectors(options, now))];
  const day = now.toISOString().slice(0, 10);
  const occurrences = found.map(({ trouble, reason }) => ({
    kind: "ingest.trouble" as const,
    key: `ingest ${trouble} ${day}`,
    severity: "warning" as const,
    details: { trouble, ...(reason !== undefined && { reason }) },
  }));
  for (const projectId of projectIds)
    await recordUnknown(services, known, { projectId, occurrences });
}

/** Projects with a drill whose answers can be in by now. */
async function projectsWithDrill({ db }: ServiceContext, now: Date): Promise<string[]> {
  const { projectId, kind, announcedAt } = announcements;
  const rows = await db
    .selectDistinct({ projectId })
    .from(announcements)
    .where(and(eq(kind, "drill"), gt(announcedAt, new Date(now.getTime() - DRILL_WINDOW_MS))));
  return rows.map((row) => row.projectId);
}

/**
 * Collectors report every 15 seconds. None at all was ever there: nobody is missed. Whoever was away himself has heard
 * nobody meanwhile: after a night in which all was switched off nothing is wrong.
 */
async function silentCollectors(
  { services, listensSince }: Pick<InstallationOptions, "services" | "listensSince">,
  now: Date,
): Promise<readonly InstallationTrouble[]> {
  const [row] = await services.db.select({ seenAt: max(collectors.seenAt) }).from(collectors);
  const silentMs = now.getTime() - (row?.seenAt?.getTime() ?? now.getTime());
  const listenedMs = now.getTime() - listensSince.getTime();
  if (Math.min(silentMs, listenedMs) < SILENCE_MS || silentMs > SILENCE_FORGOTTEN_MS) return [];
  return [{ trouble: "collector_silent", reason: undefined }];
}

type ExpiringKeyRow = Pick<typeof apiKeys.$inferSelect, "id" | "prefix" | "projectId"> & {
  readonly expiresAt: Date;
};

async function expiringKeys(
  { db }: ServiceContext,
  now: Date,
): Promise<ReadonlyMap<string, readonly ExpiringKeyRow[]>> {
  const { id, prefix, projectId, expiresAt } = apiKeys;
  const rows = await db
    .select({ id, prefix, projectId, expiresAt })
    .from(apiKeys)
    .where(
      and(
        isNull(apiKeys.revokedAt),
        isNotNull(expiresAt),
        gt(expiresAt, now),
        lte(expiresAt, new Date(now.getTime() + KEY_HORIZON_MS)),
      ),
    );
  return Map.groupBy(rows as ExpiringKeyRow[], (row) => row.projectId);
}
