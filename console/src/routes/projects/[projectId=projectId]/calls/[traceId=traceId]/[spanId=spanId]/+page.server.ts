import { loadCallPage } from "#lib/server/calls/call-page.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, parent }) => {
  await parent();
  const { projectId, traceId, spanId } = params;
  return loadCallPage({ projectId, record: { traceId, spanId }, url, locals });
};
