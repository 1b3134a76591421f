import { projectForApi } from "#lib/server/access/authorize.ts";
import { eventStream } from "#lib/server/http/event-stream.ts";
import { problemResponse } from "#lib/server/http/problem.ts";
import { LISTENERS_MAX } from "#lib/server/lake/live-feed.ts";
import type { RequestHandler } from "./$types";

/** Tells the page of one project that rows have landed. */
export const GET: RequestHandler = async ({ params, locals }) => {
  const { live } = locals.console;
  const grant = await projectForApi(locals, params.projectId, "project.read");
  if (grant instanceof Response) return grant;
  if (live.isFull()) {
    return problemResponse({
      status: 503,
      code: "ingest.overloaded",
      detail: `${LISTENERS_MAX} pages listen already: close some, or load this page again by hand`,
    });
  }
  return eventStream({
    event: "landed",
    subscribe: (emit) => live.subscribe(grant.project.id, emit),
    ending: live.ending,
  });
};
