import { z } from "zod";
import { error } from "@sveltejs/kit";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import {
  auditFacets,
  listAuditEntries,
  type AuditEntryRow,
} from "#lib/server/services/audit/list.ts";
import { actorNames } from "#lib/server/services/members/actor-names.ts";
import type { PageServerLoad } from "./$types";

const ENTRIES_PER_PAGE = 50;

const querySchema = z.object({
  actor: z.string().max(200).optional(),
  action: z.string().max(100).optional(),
  before: z.coerce.number().int().min(1).optional(),
});

export const load: PageServerLoad = async ({ params, url, locals, parent }) => {
  await parent();
  const { services, control } = locals.console;
  const { project } = await projectForPage(locals, params.projectId, "audit.read");
  const given = [...url.searchParams].filter(([, value]) => value !== "");
  const query = querySchema.safeParse(Object.fromEntries(given));
  if (!query.success) error(400, issuesText(query.error));
  const { actor, action, before: beforeSequence } = query.data;
  const input = { projectId: project.id, actor, action, beforeSequence };
  const [rows, facets, { keyId }] = await Promise.all([
    listAuditEntries(services.db, { ...input, limit: ENTRIES_PER_PAGE + 1 }),
    auditFacets(services.db, project.id),
    control.signingKey(),
  ]);
  const entries = rows.slice(0, ENTRIES_PER_PAGE).map(toEntry);
  return {
    project,
    filters: { actor, action },
    facets,
    entries,
    names: await actorNames(services.db, project.organizationId, facets.actors),
    isFirstPage: beforeSequence === undefined,
    olderThan: rows.length > ENTRIES_PER_PAGE ? entries.at(-1)?.sequence : undefined,
    publicKey: keyId,
  };
};

function toEntry(row: AuditEntryRow) {
  const { sequence, at, actor, action, subjectId, before, after } = row;
  return { sequence, at, actor, action, subjectId, before, after, hash: row.hash.toString("hex") };
}
