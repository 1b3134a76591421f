import { recordsKeptFromMs } from "@lensai/analytics/retention/retention-policy";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { appConnectionOf } from "#lib/server/app-connection.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { loadDespiteSwitches } from "#lib/server/lake/load-despite-switches.ts";
import { loadSources } from "#lib/server/lake/load-sources.ts";
import {
  activeKillSwitches,
  releasedKillSwitches,
} from "#lib/server/services/kill-switches/list.ts";
import { parseTimeRange } from "#lib/time-range.ts";
import type { PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, depends, parent }) => {
  depends("lensai:sources");
  await parent();
  const { services, lake, settings } = locals.console;
  const { project, may } = await projectForPage(locals, params.projectId, "project.read");
  const nowUnixMs = services.now().getTime();
  const { range, problem } = parseTimeRange(url.searchParams, nowUnixMs);
  const keptFromMs = recordsKeptFromMs(settings.lake.retention, nowUnixMs);
  try {
    const answer = await loadSources(lake, project.id, range.window);
    const switches = [
      ...(await activeKillSwitches(services.db, project.id)),
      ...(await releasedKillSwitches(services.db, project.id)),
    ];
    const { fromUnixMs, toUnixMs } = range.window;
    const hasContent = lake.hasContent({ projectId: project.id, fromUnixMs, toUnixMs });
    const content = hasContent ? { retention: settings.lake.retention } : undefined;
    const asked = { range: { fromUnixMs, toUnixMs }, switches };
    const despite = await loadDespiteSwitches(lake, project.id, asked);
    const connection = appConnectionOf(settings, url, { projectId: project.id, may });
    return { project, range, problem, keptFromMs, nowUnixMs, answer, despite, content, connection };
  } catch (failure) {
    failPage(failure, locals.requestId);
  }
};
