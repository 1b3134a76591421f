import { and, eq, isNull } from "drizzle-orm";
import { apiKeys } from "../../db/schema/api-keys.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
import type { NamedKey } from "./schemas.ts";

/** Revokes a key of the project. False when there is no such key or it was revoked before. */
export async function revokeApiKey(
  context: ServiceContext,
  { projectId, keyId }: NamedKey,
  actor: string,
): Promise<boolean> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    const revoked = await transaction
      .update(apiKeys)
      .set({ revokedAt: now })
      .where(
        and(eq(apiKeys.projectId, projectId), eq(apiKeys.id, keyId), isNull(apiKeys.revokedAt)),
      )
      .returning({ id: apiKeys.id });
    if (revoked.length === 0) return false;
    const action = "api_key.revoke";
    await appendAudit(transaction, { at: now, actor, action, projectId, subjectId: keyId });
    await raiseControlVersion(transaction, now);
    return true;
  });
}
