import { createHash } from "node:crypto";
import { DEFAULT_PROJECT_ID } from "@lensai/otel-config/control/projects";
import { eq } from "drizzle-orm";
import { apiKeys } from "../../db/schema/api-keys.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { ensureProject } from "../projects/create.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";
import { keyCreation, keyRow } from "./create.ts";

/** Whoever starts the console with its settings. */
const SETTINGS_ACTOR = "settings";

/** Derived from the key, so that consoles that start at once agree on it. */
const bootstrapKeyId = (key: string): string =>
  `key_bootstrap_${createHash("sha256").update(key).digest("hex").slice(0, 12)}`;

/**
 * Makes sure that the default project exists and that the operator's bootstrap key opens it. A bootstrap
 * key that was revoked stays revoked: a restart must not bring it back. Earlier bootstrap keys stay valid
 * until they are revoked.
 */
export async function ensureBootstrap(
  context: ServiceContext,
  bootstrapKey: string | undefined,
): Promise<void> {
  await ensureProject(context, { id: DEFAULT_PROJECT_ID, name: "Default" });
  if (bootstrapKey === undefined) return;
  const row = keyRow({
    id: bootstrapKeyId(bootstrapKey),
    key: bootstrapKey,
    prefix: "",
    projectId: DEFAULT_PROJECT_ID,
    scopes: ["ingest", "read"],
    name: "Bootstrap",
    createdAt: context.now(),
    createdBy: SETTINGS_ACTOR,
    expiresAt: null,
  });
  const known = await context.db
    .select({ id: apiKeys.id })
    .from(apiKeys)
    .where(eq(apiKeys.sha256, row.sha256));
  if (known.length > 0) return;
  await context.db.transaction(async (transaction) => {
    const created = await transaction
      .insert(apiKeys)
      .values(row)
      .onConflictDoNothing()
      .returning({ id: apiKeys.id });
    if (created.length === 0) return;
    await appendAudit(transaction, keyCreation(row));
    await raiseControlVersion(transaction, row.createdAt);
  });
}
