import { redirect } from "@sveltejs/kit";
import { failPage } from "#lib/server/http/fail-page.ts";
import { loadProjectSpend } from "#lib/server/lake/load-project-spend.ts";
import type { PageServerLoad } from "./$types";

/** Of more, only the names are shown: each project is asked about by itself. */
const PROJECTS_WITH_SPEND_MAX = 100;

/** One project: straight to it. Several: the list, with what each of them costs. */
export const load: PageServerLoad = async ({ parent, locals }) => {
  const { projects, archivedProjects, stoppedProjectIds } = await parent();
  const [only] = projects;
  if (only !== undefined && projects.length === 1 && archivedProjects.length === 0) {
    redirect(307, `/projects/${only.id}`);
  }
  const { lake, services } = locals.console;
  const ids = projects.slice(0, PROJECTS_WITH_SPEND_MAX).map(({ id }) => id);
  const spend = await loadProjectSpend(lake, ids, services.now().getTime()).catch(
    (failure: unknown) => failPage(failure, locals.requestId),
  );
  return {
    cards: projects.map(({ id, name }, index) => ({
      id,
      name,
      isStopped: stoppedProjectIds.includes(id),
      spend: spend[index],
    })),
  };
};
