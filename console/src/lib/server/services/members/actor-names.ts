import { and, eq, inArray } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { members } from "../../db/schema/members.ts";
import { projects } from "../../db/schema/projects.ts";
import { users } from "../../db/schema/users.ts";

const USER = /^user:(.+)$/;

const WORDS: Readonly<Record<string, string>> = {
  local: "the owner of this machine",
  settings: "the settings",
};

/**
 * What pages call the actors of the audit log: the addresses of people who are members now. Whoever is none any longer
 * stays an id, as actors of other kinds do that have no words of their own.
 */
export async function actorNames(
  db: Database,
  organizationId: string,
  actors: readonly string[],
): Promise<Record<string, string>> {
  const ids = [...new Set(actors.flatMap((actor) => USER.exec(actor)?.[1] ?? []))];
  const found =
    ids.length === 0
      ? []
      : await db
          .select({ id: users.id, email: users.email })
          .from(members)
          .innerJoin(users, eq(users.id, members.userId))
          .where(and(eq(members.organizationId, organizationId), inArray(users.id, ids)));
  return { ...WORDS, ...Object.fromEntries(found.map(({ id, email }) => [`user:${id}`, email])) };
}

/** The same for one actor, by a project of the organisation; undefined for whoever has no name. */
export async function actorName(
  db: Database,
  { projectId, actor }: { readonly projectId: string; readonly actor: string },
): Promise<string | undefined> {
  const [project] = await db
    .select({ organizationId: projects.organizationId })
    .from(projects)
    .where(eq(projects.id, projectId));
  const names = await actorNames(db, project?.organizationId ?? "", [actor]);
  return names[actor];
}
