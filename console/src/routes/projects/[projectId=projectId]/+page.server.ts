import { recordsKeptFromMs } from "@lensai/analytics/retention/retention-policy";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { appConnectionOf } from "#lib/server/app-connection.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { loadDashboard } from "#lib/server/lake/load-dashboard.ts";
import { parseTimeRange } from "#lib/time-range.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, depends, parent, untrack }) => {
  depends("lensai:dashboard");
  // The layout waits for the database.
  await parent();
  const { services, lake, settings } = locals.console;
  const { project, may } = await projectForPage(locals, params.projectId, "project.read");
  const nowUnixMs = services.now().getTime();
  // Another search parameter (an open drawer) must not load the page again.
  const address = untrack(() => ({ hostname: url.hostname, port: url.port }));
  const { range, problem } = parseTimeRange(url.searchParams, nowUnixMs);
  const keptFromMs = recordsKeptFromMs(settings.lake.retention, nowUnixMs);
  try {
    return {
      project,
      mayReadCalls: may("calls.read"),
      range,
      problem,
      keptFromMs,
      nowUnixMs,
      ...(await loadDashboard(lake, { projectId: project.id, range, nowUnixMs, keptFromMs })),
      connection: appConnectionOf(settings, address, { projectId: project.id, may }),
    };
  } catch (failure) {
    failPage(failure, locals.requestId);
  }
};
