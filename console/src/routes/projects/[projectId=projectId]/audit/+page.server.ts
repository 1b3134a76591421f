import { projectForPage } from "#lib/server/access/authorize.ts";
import { loadAuditPage } from "#lib/server/audit-page.ts";
import { ofProject } from "#lib/server/services/audit/extent.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, parent }) => {
  await parent();
  const { project } = await projectForPage(locals, params.projectId, "audit.read");
  const { id, name, organizationId } = project;
  const input = { extent: ofProject(id), organizationId, query: url.searchParams };
  return { project: { id, name }, log: await loadAuditPage(locals.console, input) };
};
