import { projects } from "../../db/schema/projects.ts";
import { appendAudit } from "../audit/append.ts";
import type { ServiceContext } from "../context.ts";
import { raiseControlVersion } from "../snapshot/raise-version.ts";

export interface NewProject {
  readonly organizationId: string;
  readonly name: string;
}

/** Five characters of 32: with the same name again and again, a collision is one in thirty million. */
export const ID_SUFFIX_LENGTH = 5;
const SUFFIX_CHARACTERS = "abcdefghijkmnpqrstuvwxyz23456789";
const SLUG_LENGTH_MAX = 50;

/**
 * Creates a project of an organisation and gives it an id that says its name. The end of the id is random, always: otherwise
 * whoever creates projects could find out which ids other organisations have.
 */
export async function createProject(
  context: ServiceContext,
  { organizationId, name }: NewProject,
  actor: string,
): Promise<{ readonly id: string }> {
  const now = context.now();
  const id = projectIdOf(name, context.randomBytes(ID_SUFFIX_LENGTH));
  await context.db.transaction(async (transaction) => {
    await transaction.insert(projects).values({ id, name, organizationId, createdAt: now });
    await appendAudit(transaction, {
      at: now,
      actor,
      action: "project.create",
      projectId: id,
      subjectId: id,
      after: { name, organizationId },
    });
    await raiseControlVersion(transaction, now);
  });
  return { id };
}

/** "Büro & Co" becomes "buro-co-7k2mf". */
export function projectIdOf(name: string, random: Uint8Array, noun = "project"): string {
  const slug = name
    .normalize("NFKD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, SLUG_LENGTH_MAX)
    .replaceAll(/^-+|-+$/g, "");
  const suffix = Array.from(random, (byte) => SUFFIX_CHARACTERS[byte % 32]).join("");
  return slug === "" ? `${noun}-${suffix}` : `${slug}-${suffix}`;
}
