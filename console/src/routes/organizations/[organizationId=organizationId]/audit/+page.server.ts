import { organizationForPage } from "#lib/server/access/organization.ts";
import { loadAuditPage } from "#lib/server/audit-page.ts";
import { ofOrganization } from "#lib/server/services/audit/extent.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, parent }) => {
  await parent();
  const access = await organizationForPage(locals, params.organizationId, "audit.read");
  const { id, name } = access.organization;
  const input = { extent: ofOrganization(id), organizationId: id, query: url.searchParams };
  return { organization: { id, name }, log: await loadAuditPage(locals.console, input) };
};
