import { and, eq } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { signingSecrets } from "../../db/schema/signing-secrets.ts";
import { listOrder, type ListPart } from "../list-order.ts";

/** A secret as it may be shown: without what it signs with. */
export interface SigningSecretLine {
  readonly keyId: string;
  readonly createdAt: Date;
  /** Signatures are refused from then on; null: never. */
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** The newest first. */
export const SIGNING_SECRET_ORDER = listOrder<SigningSecretLine>(
  { kind: "time", by: signingSecrets.createdAt, of: (one) => one.createdAt, isFalling: true },
  { kind: "text", by: signingSecrets.id, of: (one) => one.keyId, isFalling: true },
);

/** As many as the page of settings shows. */
const SECRETS_SHOWN: ListPart = { limit: 100 };

/** The project's secrets, valid or not, in `SIGNING_SECRET_ORDER`. */
export async function listSigningSecrets(
  db: Database,
  projectId: string,
  { limit, after }: ListPart = SECRETS_SHOWN,
): Promise<SigningSecretLine[]> {
  return db
    .select({
      keyId: signingSecrets.id,
      createdAt: signingSecrets.createdAt,
      expiresAt: signingSecrets.expiresAt,
      revokedAt: signingSecrets.revokedAt,
    })
    .from(signingSecrets)
    .where(and(eq(signingSecrets.projectId, projectId), SIGNING_SECRET_ORDER.isBehind(after)))
    .orderBy(...SIGNING_SECRET_ORDER.orderBy)
    .limit(limit);
}
