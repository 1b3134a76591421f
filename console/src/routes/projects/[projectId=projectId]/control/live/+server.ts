import { projectForApi } from "#lib/server/access/authorize.ts";
import { eventStream } from "#lib/server/http/event-stream.ts";
import { problemResponse } from "#lib/server/http/problem.ts";
import { LISTENERS_MAX } from "#lib/server/lake/live-feed.ts";
import type { RequestHandler } from "./$types";

/** Tells the control page of one project that processes have acknowledged something. */
export const GET: RequestHandler = async ({ params, locals }) => {
  const { receipts, ending } = locals.console.control;
  const grant = await projectForApi(locals, params.projectId, "project.read");
  if (grant instanceof Response) return grant;
  if (receipts.size >= LISTENERS_MAX) {
    return problemResponse({
      status: 503,
      code: "ingest.overloaded",
      detail: `${LISTENERS_MAX} pages listen already: close some, or load this page again by hand`,
    });
  }
  return eventStream({
    event: "receipts",
    subscribe: (emit) => receipts.subscribe(grant.project.id, emit),
    ending,
  });
};
