import { sql } from "drizzle-orm";
import { z } from "zod";
import { apiKeys } from "../../db/schema/api-keys.ts";
import type { ServiceContext } from "../context.ts";

const USES_MAX = 10_000;

/** What a collector reports: the newest use of each key since it reported last. */
export const keyUsesSchema = z.object({
  uses: z
    .array(z.object({ keyId: z.string().min(1).max(64), lastUsedAt: z.iso.datetime() }))
    .max(USES_MAX),
});

export type KeyUses = z.infer<typeof keyUsesSchema>;

/**
 * Keeps the newest use of each key, in one statement and however often and in whatever order collectors report. No new version
 * of the snapshot: nobody decides by it. A clock that is ahead cannot put a use into the future.
 */
export async function recordKeyUses(context: ServiceContext, { uses }: KeyUses): Promise<void> {
  if (uses.length === 0) return;
  const now = context.now().toISOString();
  const rows = sql.join(
    uses.map(({ keyId, lastUsedAt }) => sql`(${keyId}::text, ${lastUsedAt}::timestamptz)`),
    sql`, `,
  );
  await context.db.execute(sql`
    update ${apiKeys} set last_used_at = newest.at
    from (
      select key_id, least(max(used_at), ${now}::timestamptz) as at
      from (values ${rows}) as used (key_id, used_at) group by key_id
    ) as newest
    where ${apiKeys}.id = newest.key_id and (${apiKeys}.last_used_at is null or ${apiKeys}.last_used_at < newest.at)`);
}
