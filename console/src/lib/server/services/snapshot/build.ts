import { asc, isNull } from "drizzle-orm";
import type { ControlKey } from "@lensai/otel-config/control/keys";
import type { ControlKillSwitch } from "@lensai/otel-config/control/kill-switches";
import type { ControlProject } from "@lensai/otel-config/control/projects";
import {
  CONTROL_SNAPSHOT_VERSION,
  type ControlSnapshot,
} from "@lensai/otel-config/control/snapshot";
import type { ControlSigningSecret } from "@lensai/otel-config/control/signing-secrets";
import type { Database } from "../../db/client.ts";
import { apiKeys } from "../../db/schema/api-keys.ts";
import { controlVersions } from "../../db/schema/control-versions.ts";
import { killSwitches } from "../../db/schema/kill-switches.ts";
import { projects } from "../../db/schema/projects.ts";
import { signingSecrets } from "../../db/schema/signing-secrets.ts";
import { controlBudgets, readBudgets } from "../budgets/control-budgets.ts";
import { recordedPriceDocument } from "../prices/list.ts";
import { sortedScope } from "./sorted-scope.ts";

export interface SerializedSnapshot {
  /** Quoted, as in the header. */
  readonly etag: string;
  readonly json: string;
}

/**
 * Everything the collectors must know. Deterministic: the same rows give the same bytes, whatever order
 * they were written in. `issuedAt` is the time of the last change, not of the call; periods and overrides of budgets
 * are those of that time.
 */
export async function buildSnapshot(db: Database): Promise<ControlSnapshot> {
  // One repeatable-read transaction: the version and the rows belong together.
  return db.transaction(
    async (transaction) => {
      // Sent together: every wait for an answer is a part of how long a switch takes.
      const [versionRows, projectRows, keyRows, killSwitchRows, secretRows, stored, prices] =
        await Promise.all([
          transaction.select().from(controlVersions),
          transaction.select().from(projects).orderBy(asc(projects.id)),
          transaction.select().from(apiKeys).orderBy(asc(apiKeys.id)),
          transaction
            .select()
            .from(killSwitches)
            .where(isNull(killSwitches.releasedAt))
            .orderBy(asc(killSwitches.id)),
          transaction
            .select()
            .from(signingSecrets)
            .where(isNull(signingSecrets.revokedAt))
            .orderBy(asc(signingSecrets.id)),
          readBudgets(transaction),
          recordedPriceDocument(transaction),
        ]);
      const [versionRow] = versionRows;
      const issuedAt = versionRow?.changedAt ?? new Date(0);
      return {
        formatVersion: CONTROL_SNAPSHOT_VERSION,
        version: versionRow?.version ?? 0,
        issuedAt: issuedAt.toISOString(),
        projects: projectRows.map(toControlProject),
        keys: keyRows.map(toControlKey),
        killSwitches: killSwitchRows.map(toControlKillSwitch),
        signingSecrets: secretRows.map(toControlSigningSecret),
        budgets: controlBudgets(stored, issuedAt),
        prices,
      };
    },
    { isolationLevel: "repeatable read", accessMode: "read only" },
  );
}

export function serializeSnapshot(snapshot: ControlSnapshot): SerializedSnapshot {
  return { etag: snapshotEtag(snapshot.version), json: JSON.stringify(snapshot) };
}

/** `"7"`: the version is the ETag. */
function snapshotEtag(version: number): string {
  return `"${version}"`;
}

/** The version alone: what a poll that finds nothing new costs. */
export async function readControlVersion(db: Database): Promise<number> {
  const [row] = await db.select({ version: controlVersions.version }).from(controlVersions);
  return row?.version ?? 0;
}

function toControlProject(row: typeof projects.$inferSelect): ControlProject {
  const { id, name, content, requireSignature, announcedVersion } = row;
  const { maxStalenessSeconds, staleMode, archivedAt } = row;
  return {
    id,
    name,
    content,
    ...(requireSignature && { requireSignature }),
    ...(archivedAt !== null && { archived: true }),
    ...(announcedVersion !== null && { announcedVersion }),
    ...(maxStalenessSeconds !== null && { maxStalenessSeconds, staleMode }),
  };
}

function toControlSigningSecret(row: typeof signingSecrets.$inferSelect): ControlSigningSecret {
  return {
    id: row.id,
    projectId: row.projectId,
    secret: row.secret.toString("base64url"),
    ...(row.expiresAt !== null && { expiresAt: row.expiresAt.toISOString() }),
  };
}

function toControlKey(row: typeof apiKeys.$inferSelect): ControlKey {
  return {
    id: row.id,
    sha256: row.sha256.toString("hex"),
    projectId: row.projectId,
    scopes: row.scopes.toSorted(),
    origins: row.origins.toSorted(),
    revoked: row.revokedAt !== null,
    ...(row.expiresAt !== null && { expiresAt: row.expiresAt.toISOString() }),
  };
}

function toControlKillSwitch(row: typeof killSwitches.$inferSelect): ControlKillSwitch {
  return {
    id: row.id,
    projectId: row.projectId,
    scope: sortedScope(row.scope),
    reason: row.reason,
    triggeredAt: row.triggeredAt.toISOString(),
  };
}
