import { keyPairOf, SEED_BYTES, type SigningKeyPair } from "@lensai/otel-config/signing/ed25519";
import { consoleKeys } from "../../db/schema/console-keys.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";

const CONSOLE_ACTOR = "console";

/** The key that this console signs with: made by the first console of a database, read by all others. */
export async function ensureConsoleKey(context: ServiceContext): Promise<SigningKeyPair> {
  return (await readConsoleKey(context)) ?? (await createConsoleKey(context));
}

async function readConsoleKey({ db }: ServiceContext): Promise<SigningKeyPair | undefined> {
  const [row] = await db.select({ seed: consoleKeys.seed }).from(consoleKeys);
  return row === undefined ? undefined : keyPairOf(row.seed);
}

async function createConsoleKey(context: ServiceContext): Promise<SigningKeyPair> {
  const seed = Buffer.from(context.randomBytes(SEED_BYTES));
  const { keyId } = keyPairOf(seed);
  const now = context.now();
  await context.db.transaction(async (transaction) => {
    const created = await transaction
      .insert(consoleKeys)
      .values({ keyId, seed, createdAt: now })
      .onConflictDoNothing()
      .returning({ keyId: consoleKeys.keyId });
    if (created.length === 0) return;
    await appendAudit(transaction, {
      at: now,
      actor: CONSOLE_ACTOR,
      action: "console_key.create",
      projectId: undefined,
      subjectId: keyId,
    });
  });
  const key = await readConsoleKey(context);
  if (key === undefined) throw new Error("the console's key was made and cannot be read");
  return key;
}
