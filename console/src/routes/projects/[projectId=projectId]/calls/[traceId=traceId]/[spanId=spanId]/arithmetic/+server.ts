import { answerArithmetic } from "#lib/server/calls/call-page.ts";
import type { RequestHandler } from "./$types";

/** How the cost of one span came about; amounts are decimal text. */
export const GET: RequestHandler = ({ params, url, locals }) => {
  const { projectId, traceId, spanId } = params;
  return answerArithmetic({ projectId, record: { traceId, spanId }, url, locals });
};
