import { eq } from "drizzle-orm";
import { authSecrets } from "../db/schema/auth-secrets.ts";
import type { ServiceContext } from "../services/context.ts";

/** 256 bits, as the hash that signs with it. */
const SECRET_RANDOM_BYTES = 32;

/** The secret that sessions are signed with, made when there is none. Consoles that ask at once get the same one. */
export async function ensureAuthSecret(context: ServiceContext): Promise<string> {
  const made = Buffer.from(context.randomBytes(SECRET_RANDOM_BYTES)).toString("base64url");
  await context.db
    .insert(authSecrets)
    .values({ onlyRow: true, secret: made, createdAt: context.now() })
    .onConflictDoNothing();
  const [row] = await context.db.select().from(authSecrets).where(eq(authSecrets.onlyRow, true));
  return row?.secret ?? made;
}
