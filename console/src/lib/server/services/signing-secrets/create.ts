import { and, eq, gt, isNull, ne, or } from "drizzle-orm";
import { toBase64 } from "@lensai/otel-config/signing/base64";
import { signingSecrets } from "../../db/schema/signing-secrets.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion, type Transaction } from "../snapshot/raise-version.ts";

export interface CreateSigningSecretInput {
  readonly projectId: string;
  /** Rotation: the project's other secrets end after this overlap, unless they end before. */
  readonly expireOthersInSeconds?: number | undefined;
}

export interface CreatedSigningSecret {
  /** LENSAI_SIGNING_KEY_ID of the sender. */
  readonly keyId: string;
  /** LENSAI_SIGNING_SECRET of the sender, in base64; this answer is the only one that has it. */
  readonly secret: string;
}

/** As long as the hash: shorter ones weaken the HMAC, longer ones add nothing. */
const SECRET_RANDOM_BYTES = 32;
const ID_RANDOM_BYTES = 9;

/** Creates a secret; the project must exist. */
export async function createSigningSecret(
  context: ServiceContext,
  input: CreateSigningSecretInput,
  actor: string,
): Promise<CreatedSigningSecret> {
  const { projectId, expireOthersInSeconds } = input;
  const now = context.now();
  const secret = Buffer.from(context.randomBytes(SECRET_RANDOM_BYTES));
  const id = `sig_${Buffer.from(context.randomBytes(ID_RANDOM_BYTES)).toString("base64url")}`;
  await context.db.transaction(async (transaction) => {
    await transaction.insert(signingSecrets).values({ id, projectId, secret, createdAt: now });
    if (expireOthersInSeconds !== undefined) {
      const expiresAt = new Date(now.getTime() + expireOthersInSeconds * 1000);
      await expireOthers(transaction, { projectId, id, expiresAt });
    }
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "signing_secret.create",
      projectId,
      subjectId: id,
      after: { expireOthersInSeconds },
    });
    await raiseControlVersion(transaction, now);
  });
  return { keyId: id, secret: toBase64(secret) };
}

async function expireOthers(
  transaction: Transaction,
  kept: { readonly projectId: string; readonly id: string; readonly expiresAt: Date },
): Promise<void> {
  const { projectId, id, expiresAt } = kept;
  const endsLater = or(isNull(signingSecrets.expiresAt), gt(signingSecrets.expiresAt, expiresAt));
  await transaction
    .update(signingSecrets)
    .set({ expiresAt })
    .where(and(eq(signingSecrets.projectId, projectId), ne(signingSecrets.id, id), endsLater));
}
