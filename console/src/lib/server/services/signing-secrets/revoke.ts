import { and, eq, isNull } from "drizzle-orm";
import { signingSecrets } from "../../db/schema/signing-secrets.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";

export interface RevokeSigningSecretInput {
  readonly projectId: string;
  readonly keyId: string;
}

/** Revokes a secret of the project at once. False when there is no such secret or it was revoked before. */
export async function revokeSigningSecret(
  context: ServiceContext,
  { projectId, keyId }: RevokeSigningSecretInput,
  actor: string,
): Promise<boolean> {
  const now = context.now();
  return context.db.transaction(async (transaction) => {
    const revoked = await transaction
      .update(signingSecrets)
      .set({ revokedAt: now })
      .where(
        and(
          eq(signingSecrets.projectId, projectId),
          eq(signingSecrets.id, keyId),
          isNull(signingSecrets.revokedAt),
        ),
      )
      .returning({ id: signingSecrets.id });
    if (revoked.length === 0) return false;
    const action = "signing_secret.revoke";
    await appendAudit(transaction, { at: now, actor, action, projectId, subjectId: keyId });
    await raiseControlVersion(transaction, now);
    return true;
  });
}
