import { refuseWithoutControlToken } from "#lib/server/http/control-access.ts";
import { lineStream } from "#lib/server/http/line-stream.ts";
import { exportAudit } from "#lib/server/services/audit/export.ts";
import { WHOLE_LOG } from "#lib/server/services/audit/extent.ts";
import type { RequestHandler } from "./$types";

/** The whole audit log, of every project and of none, signed. */
export const GET: RequestHandler = async ({ request, locals }) => {
  const { settings, services, control } = locals.console;
  const refusal = refuseWithoutControlToken(request, settings);
  if (refusal !== undefined) return refusal;
  const signingKey = await control.signingKey();
  const lines = exportAudit(services.db, {
    extent: WHOLE_LOG,
    now: services.now(),
    signingKey,
  });
  return lineStream(lines, "audit.ndjson");
};
