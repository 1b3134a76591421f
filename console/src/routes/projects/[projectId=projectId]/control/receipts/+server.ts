import { json } from "@sveltejs/kit";
import { projectForApi } from "#lib/server/access/authorize.ts";
import { receiptsOverview } from "#lib/server/services/receipts/overview.ts";
import type { RequestHandler } from "./$types";

/** What the control page shows of acknowledgements, by itself: it is asked for whenever one comes in. */
export const GET: RequestHandler = async ({ params, locals }) => {
  const grant = await projectForApi(locals, params.projectId, "project.read");
  if (grant instanceof Response) return grant;
  const overview = await receiptsOverview(locals.console.services, grant.project.id);
  return json(overview, { headers: { "cache-control": "no-store" } });
};
