import { recordsKeptFromMs } from "@lensai/analytics/retention/retention-policy";
import { redirect } from "@sveltejs/kit";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { loadCalls } from "#lib/server/lake/load-calls.ts";
import { addedFilter, parseCallsQuery } from "#lib/calls-query.ts";
import { comparedWindow, parseTimeRange } from "#lib/time-range.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, parent }) => {
  await parent();
  const added = addedFilter(url.searchParams);
  if (added !== undefined) redirect(303, `${url.pathname}${added}`);
  const { services, lake, settings } = locals.console;
  const { project, may } = await projectForPage(locals, params.projectId, "calls.read");
  const nowMs = services.now().getTime();
  const { range, problem } = parseTimeRange(url.searchParams, nowMs);
  const query = parseCallsQuery(url.searchParams);
  const keptFromMs = recordsKeptFromMs(settings.lake.retention, nowMs);
  const before = query.compare && comparedWindow(range, nowMs, query.compare);
  const question = { projectId: project.id, window: range.window, query, before };
  const answer = await loadCalls(lake, question).catch((failure: unknown) =>
    failPage(failure, locals.requestId),
  );
  return {
    project,
    mayExport: may("export.read"),
    range,
    problem,
    keptFromMs,
    query,
    before,
    answer,
  };
};
