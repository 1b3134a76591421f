import type { IngestTrouble } from "@lensai/otel-config/alerts/alert";
import { and, gt, isNotNull, isNull, lte } from "drizzle-orm";
import { apiKeys } from "../../db/schema/api-keys.ts";
import type { ServiceContext } from "../../services/context.ts";
import { recordUnknown, type EvaluationOptions } from "./evaluate-project.ts";
import { KEY_HORIZON_MS, keyAlerts } from "./key-alerts.ts";

/** Troubles that concern every project, with what is known of each. */
export type InstallationTroubles = () => Promise<readonly InstallationTrouble[]>;

export interface InstallationTrouble {
  readonly trouble: Extract<IngestTrouble, "collector_silent" | "review_failing">;
  readonly reason: string | undefined;
}

/** A failure that passes by itself is nothing to wake anybody for. */
const LASTS_MS = 300_000;

/** Of troubles, those that have been there whenever it looked for some minutes. */
export function lastingTroubles(
  troubles: InstallationTroubles,
  now: () => Date,
): InstallationTroubles {
  const sinceMs = new Map<string, number>();
  return async () => {
    const found = await troubles();
    const nowMs = now().getTime();
    for (const trouble of sinceMs.keys())
      if (!found.some((one) => one.trouble === trouble)) sinceMs.delete(trouble);
    for (const { trouble } of found) sinceMs.set(trouble, sinceMs.get(trouble) ?? nowMs);
    return found.filter(({ trouble }) => nowMs - (sinceMs.get(trouble) ?? nowMs) >= LASTS_MS);
  };
}

export interface InstallationOptions extends Pick<EvaluationOptions, "services" | "known"> {
  readonly troubles: InstallationTroubles;
}

/** Keys that end soon, and what is wrong with the installation: every project is told of that, once a day while it lasts. */
export async function evaluateInstallation(
  options: InstallationOptions,
  projectIds: readonly string[],
): Promise<void> {
  const { services, known } = options;
  const now = services.now();
  for (const [projectId, keys] of await expiringKeys(services, now)) {
    const occurrences = keys.flatMap((key) => keyAlerts(key, now));
    await recordUnknown(services, known, { projectId, occurrences });
  }
  const found = await options.troubles();
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
