import { error } from "@sveltejs/kit";
import { failPage } from "#lib/server/http/fail-page.ts";
import { loadSources } from "#lib/server/lake/load-sources.ts";
import { findProject } from "#lib/server/services/projects/list.ts";
import { parseTimeRange } from "#lib/time-range.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, depends, parent }) => {
  depends("lensai:sources");
  await parent();
  const { services, lake } = locals.console;
  const project = await findProject(services.db, params.projectId);
  if (project === undefined) error(404, `There is no project "${params.projectId}".`);
  const nowUnixMs = services.now().getTime();
  const { range, problem } = parseTimeRange(url.searchParams, nowUnixMs);
  const answer = await loadSources(lake, project.id, range.window).catch((failure: unknown) =>
    failPage(failure, locals.requestId),
  );
  return { project, range, problem, nowUnixMs, answer };
};
