import { answerArithmetic } from "#lib/server/calls/call-page.ts";
import type { RequestHandler } from "./$types";

/** How the cost of one record came about; amounts are decimal text. */
export const GET: RequestHandler = ({ params, url, locals }) => {
  const { projectId, batchId } = params;
  const record = { batchId, recordOrdinal: BigInt(params.recordOrdinal) };
  return answerArithmetic({ projectId, record, url, locals });
};
