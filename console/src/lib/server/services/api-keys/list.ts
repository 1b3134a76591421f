import { asc, desc, eq, sql } from "drizzle-orm";
import type { KeyScope } from "@lensai/otel-config/control/keys";
import type { Database } from "../../db/client.ts";
import { apiKeys } from "../../db/schema/api-keys.ts";

/** What can be said of a key without knowing it. */
export interface ApiKeySummary {
  readonly id: string;
  readonly name: string;
  /** The first characters; empty for a key that somebody chose. */
  readonly prefix: string;
  readonly last4: string;
  readonly scopes: readonly KeyScope[];
  readonly origins: readonly string[];
  readonly createdAt: Date;
  readonly createdBy: string | null;
  /** To the minute, as collectors tell it; null when it was never used. */
  readonly lastUsedAt: Date | null;
  readonly expiresAt: Date | null;
  readonly revokedAt: Date | null;
}

/** More than a page can show; old revoked keys come last. */
const KEYS_LISTED_MAX = 500;

/** Those that can be used first, then the newest first. */
export async function listApiKeys(db: Database, projectId: string): Promise<ApiKeySummary[]> {
  return db
    .select({
      id: apiKeys.id,
      name: apiKeys.name,
      prefix: apiKeys.prefix,
      last4: apiKeys.last4,
      scopes: apiKeys.scopes,
      origins: apiKeys.origins,
      createdAt: apiKeys.createdAt,
      createdBy: apiKeys.createdBy,
      lastUsedAt: apiKeys.lastUsedAt,
      expiresAt: apiKeys.expiresAt,
      revokedAt: apiKeys.revokedAt,
    })
    .from(apiKeys)
    .where(eq(apiKeys.projectId, projectId))
    .orderBy(sql`${apiKeys.revokedAt} is not null`, desc(apiKeys.createdAt), asc(apiKeys.id))
    .limit(KEYS_LISTED_MAX);
}
