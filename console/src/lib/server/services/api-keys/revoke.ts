import { and, eq, isNull } from "drizzle-orm";
import { apiKeys } from "../../db/schema/api-keys.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";

export interface RevokeApiKeyInput {
  readonly projectId: string;
  readonly keyId: string;
}

/** Revokes a key of the project. False when there is no such key or it was revoked before. */
export async function revokeApiKey(
  context: ServiceContext,
  input: RevokeApiKeyInput,
): Promise<boolean> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    const revoked = await transaction
      .update(apiKeys)
      .set({ revokedAt: now })
      .where(
        and(
          eq(apiKeys.projectId, input.projectId),
          eq(apiKeys.id, input.keyId),
          isNull(apiKeys.revokedAt),
        ),
      )
      .returning({ id: apiKeys.id });
    if (revoked.length > 0) await raiseControlVersion(transaction, now);
    return revoked.length > 0;
  });
}
