import { desc, eq } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { signingSecrets } from "../../db/schema/signing-secrets.ts";

/** A secret as it may be shown: without what it signs with. */
export interface SigningSecretLine {
  readonly keyId: string;
  readonly createdAt: Date;
  /** Signatures are refused from then on; null: never. */
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** Older ones are in the audit log. */
const SECRETS_LISTED_MAX = 100;

/** The project's secrets, valid or not, newest first. */
export async function listSigningSecrets(
  db: Database,
  projectId: string,
): Promise<SigningSecretLine[]> {
  return db
    .select({
      keyId: signingSecrets.id,
      createdAt: signingSecrets.createdAt,
      expiresAt: signingSecrets.expiresAt,
      revokedAt: signingSecrets.revokedAt,
    })
    .from(signingSecrets)
    .where(eq(signingSecrets.projectId, projectId))
    .orderBy(desc(signingSecrets.createdAt), desc(signingSecrets.id))
    .limit(SECRETS_LISTED_MAX);
}
