import type { UserPrincipal } from "#lib/server/access/principal.ts";
import { users } from "#lib/server/db/schema/users.ts";
import type { ServiceContext } from "#lib/server/services/context.ts";

/** Somebody who has signed in once. */
export async function createUser(
  { db, now }: ServiceContext,
  { id, email = `${id}@example.com` }: { readonly id: string; readonly email?: string },
): Promise<void> {
  const at = now();
  const user = { id, name: id, email, emailVerified: true, createdAt: at, updatedAt: at };
  await db.insert(users).values(user);
}

/** The same person, asking. */
export function userPrincipal(userId: string): UserPrincipal {
  const email = `${userId}@example.com`;
  const sessionId = `session-of-${userId}`;
  return { kind: "user", userId, email, name: userId, sessionId, actor: `user:${userId}` };
}
