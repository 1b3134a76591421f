import { organizationForPage } from "#lib/server/access/organization.ts";
import { lineStream } from "#lib/server/http/line-stream.ts";
import { exportAudit } from "#lib/server/services/audit/export.ts";
import { ofOrganization } from "#lib/server/services/audit/extent.ts";
import type { RequestHandler } from "./$types";

/** The organisation's part of the audit log, signed: see docs/audit-log.md. */
export const GET: RequestHandler = async ({ params, locals }) => {
  const { services, control } = locals.console;
  const access = await organizationForPage(locals, params.organizationId, "audit.read");
  const { id } = access.organization;
  const signingKey = await control.signingKey();
  const input = { extent: ofOrganization(id), now: services.now(), signingKey };
  return lineStream(exportAudit(services.db, input), `audit-${id}.ndjson`);
};
