import { loadCallPage } from "#lib/server/calls/call-page.ts";
import type { PageServerLoad } from "./$types";

/** A record by its place in a request: logs and points of metrics have no ids. */
export const load: PageServerLoad = async ({ params, url, locals, parent }) => {
  await parent();
  const { projectId, batchId } = params;
  const record = { batchId, recordOrdinal: BigInt(params.recordOrdinal) };
  return loadCallPage({ projectId, record, url, locals });
};
