import { json } from "@sveltejs/kit";
import { projectForApi } from "#lib/server/access/authorize.ts";
import { ANNOUNCEMENTS_LIVE, receiptsOverview } from "#lib/server/services/receipts/overview.ts";
import type { RequestHandler } from "./$types";

/** What the control page shows of the newest announcements: it is asked for whenever an acknowledgement comes in. */
export const GET: RequestHandler = async ({ params, locals }) => {
  const grant = await projectForApi(locals, params.projectId, "project.read");
  if (grant instanceof Response) return grant;
  const { services } = locals.console;
  const overview = await receiptsOverview(services, grant.project.id, ANNOUNCEMENTS_LIVE);
  return json(overview, { headers: { "cache-control": "no-store" } });
};
