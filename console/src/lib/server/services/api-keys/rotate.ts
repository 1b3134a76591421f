import { and, eq } from "drizzle-orm";
import { apiKeys } from "../../db/schema/api-keys.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
import { insertNewKey, type CreatedApiKey } from "./create.ts";
import type { RotateKeyInput } from "./schemas.ts";

export interface RotatedApiKey extends CreatedApiKey {
  /** When the old key ends. */
  readonly oldExpiresAt: Date;
}

/**
 * A new key beside an old one, with its name, scopes and origins; the old one ends after the overlap, unless it ends before.
 * The new one does not expire. Undefined when the project has no such key that is valid.
 */
export async function rotateApiKey(
  context: ServiceContext,
  { projectId, keyId, overlapSeconds }: RotateKeyInput,
  actor: string,
): Promise<RotatedApiKey | undefined> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    // Locked: two who rotate at once must not both find the old key as it was.
    const [old] = await transaction
      .select()
      .from(apiKeys)
      .where(and(eq(apiKeys.projectId, projectId), eq(apiKeys.id, keyId)))
      .for("update");
    if (old === undefined || old.revokedAt !== null) return undefined;
    if (old.expiresAt !== null && old.expiresAt <= now) return undefined;
    const overlapEnd = new Date(now.getTime() + overlapSeconds * 1000);
    const oldExpiresAt =
      old.expiresAt !== null && old.expiresAt < overlapEnd ? old.expiresAt : overlapEnd;
    const { name, scopes, origins } = old;
    const facts = { projectId, name, scopes, origins, createdAt: now, createdBy: actor };
    const created = await insertNewKey(context, transaction, { ...facts, expiresAt: null });
    await transaction
      .update(apiKeys)
      .set({ expiresAt: oldExpiresAt })
      .where(and(eq(apiKeys.projectId, projectId), eq(apiKeys.id, keyId)));
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "api_key.rotate",
      projectId,
      subjectId: keyId,
      before: { expiresAt: old.expiresAt?.toISOString() },
      after: { expiresAt: oldExpiresAt.toISOString(), newKeyId: created.id },
    });
    await raiseControlVersion(transaction, now);
    return { ...created, oldExpiresAt };
  });
}
