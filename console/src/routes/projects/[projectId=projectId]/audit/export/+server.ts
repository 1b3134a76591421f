import { projectForApi } from "#lib/server/access/authorize.ts";
import { lineStream } from "#lib/server/http/line-stream.ts";
import { exportAudit } from "#lib/server/services/audit/export.ts";
import { ofProject } from "#lib/server/services/audit/extent.ts";
import type { RequestHandler } from "./$types";

/** The project's part of the audit log, signed: see docs/audit-log.md. */
export const GET: RequestHandler = async ({ params, locals }) => {
  const { services, control } = locals.console;
  const grant = await projectForApi(locals, params.projectId, "audit.read");
  if (grant instanceof Response) return grant;
  const { id: projectId } = grant.project;
  const signingKey = await control.signingKey();
  const lines = exportAudit(services.db, {
    extent: ofProject(projectId),
    now: services.now(),
    signingKey,
  });
  return lineStream(lines, `audit-${projectId}.ndjson`);
};
