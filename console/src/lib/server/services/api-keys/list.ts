import { and, eq, sql } from "drizzle-orm";
import type { KeyScope } from "@lensai/otel-config/control/keys";
import type { Database } from "../../db/client.ts";
import { apiKeys } from "../../db/schema/api-keys.ts";
import { listOrder, type ListPart } from "../list-order.ts";

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

/** Those that can be used first, then the newest first. */
export const API_KEY_ORDER = listOrder<ApiKeySummary>(
  { kind: "flag", by: sql`${apiKeys.revokedAt} is not null`, of: (key) => key.revokedAt !== null },
  { kind: "time", by: apiKeys.createdAt, of: (key) => key.createdAt, isFalling: true },
  { kind: "text", by: apiKeys.id, of: (key) => key.id },
);

/** More than a page can show; old revoked keys come last. */
const KEYS_SHOWN: ListPart = { limit: 500 };

/** In `API_KEY_ORDER`. */
export async function listApiKeys(
  db: Database,
  projectId: string,
  { limit, after }: ListPart = KEYS_SHOWN,
): Promise<ApiKeySummary[]> {
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
    .where(and(eq(apiKeys.projectId, projectId), API_KEY_ORDER.isBehind(after)))
    .orderBy(...API_KEY_ORDER.orderBy)
    .limit(limit);
}
