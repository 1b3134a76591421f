import { createHash } from "node:crypto";
import { eq } from "drizzle-orm";
import { apiKeys } from "../db/schema/api-keys.ts";
import { recordKeyUses } from "../services/api-keys/record-use.ts";
import type { ServiceContext } from "../services/context.ts";
import type { ApiKeyPrincipal } from "./principal.ts";

/** Why a key that was presented opens nothing. */
export type KeyRefusal = "invalid" | "revoked" | "expired";

/**
 * Whose key this is. Looked up by its hash, so that the time taken says nothing about stored keys. A key that opens
 * nothing must be answered with a refusal: never fall back to who would be asking without it.
 */
export async function principalOfApiKey(
  context: ServiceContext,
  presentedKey: string,
): Promise<ApiKeyPrincipal | KeyRefusal> {
  const sha256 = createHash("sha256").update(presentedKey).digest();
  const [row] = await context.db.select().from(apiKeys).where(eq(apiKeys.sha256, sha256));
  if (row === undefined) return "invalid";
  if (row.revokedAt !== null) return "revoked";
  if (row.expiresAt !== null && row.expiresAt <= context.now()) return "expired";
  const { id: keyId, projectId, scopes } = row;
  await noteUse(context, row);
  return { kind: "api_key", keyId, projectId, scopes, actor: `key:${keyId}` };
}

/** A key that is used all the time is written once a minute, not with every request. */
const NOTED_AGAIN_AFTER_MS = 60_000;

async function noteUse(
  context: ServiceContext,
  { id: keyId, lastUsedAt }: { readonly id: string; readonly lastUsedAt: Date | null },
): Promise<void> {
  const now = context.now();
  if (lastUsedAt !== null && now.getTime() - lastUsedAt.getTime() < NOTED_AGAIN_AFTER_MS) return;
  await recordKeyUses(context, { uses: [{ keyId, lastUsedAt: now.toISOString() }] });
}
