import { projectForPage } from "#lib/server/access/authorize.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { loadSources } from "#lib/server/lake/load-sources.ts";
import { parseTimeRange } from "#lib/time-range.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, depends, parent }) => {
  depends("lensai:sources");
  await parent();
  const { services, lake } = locals.console;
  const { project } = await projectForPage(locals, params.projectId, "project.read");
  const nowUnixMs = services.now().getTime();
  const { range, problem } = parseTimeRange(url.searchParams, nowUnixMs);
  const answer = await loadSources(lake, project.id, range.window).catch((failure: unknown) =>
    failPage(failure, locals.requestId),
  );
  return { project, range, problem, nowUnixMs, answer };
};
