import { eventStream } from "#lib/server/http/event-stream.ts";
import type { RequestHandler } from "./$types";

/** Tells the page of one project that rows have landed. */
export const GET: RequestHandler = ({ params, locals }) => {
  const { live } = locals.console;
  return eventStream({
    event: "landed",
    subscribe: (emit) => live.subscribe(params.projectId, emit),
    ending: live.ending,
  });
};
