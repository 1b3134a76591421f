import { error, fail, redirect } from "@sveltejs/kit";
import { scopeFromFields } from "#lib/scope.ts";
import { LOCAL_ACTOR, pagesMayChange } from "#lib/server/http/change-access.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { loadImpact } from "#lib/server/lake/load-impact.ts";
import {
  activeKillSwitches,
  releasedKillSwitches,
} from "#lib/server/services/kill-switches/list.ts";
import { releaseKillSwitch } from "#lib/server/services/kill-switches/release.ts";
import {
  releaseSchema,
  scopeSchema,
  triggerSchema,
} from "#lib/server/services/kill-switches/schemas.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import { findProject } from "#lib/server/services/projects/list.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, depends, parent }) => {
  depends("lensai:control");
  await parent();
  const { services, lake, settings } = locals.console;
  const project = await findProject(services.db, params.projectId);
  if (project === undefined) error(404, `There is no project "${params.projectId}".`);
  const scope = scopeFromFields(url.searchParams);
  const isPreview = url.searchParams.has("preview");
  const parsed = scopeSchema.safeParse(scope);
  if (!parsed.success) error(400, issuesText(parsed.error));
  const nowUnixMs = services.now().getTime();
  const question = { projectId: project.id, scope: isPreview ? scope : undefined, nowUnixMs };
  const [active, released, last] = await Promise.all([
    activeKillSwitches(services.db, project.id),
    releasedKillSwitches(services.db, project.id),
    loadImpact(lake, question).catch((failure: unknown) => failPage(failure, locals.requestId)),
  ]);
  return {
    project,
    scope,
    isPreview,
    active,
    released,
    ...last,
    mayChange: pagesMayChange(settings),
  };
};

export const actions: Actions = {
  trigger: async ({ request, params, locals }) => {
    const { services, settings } = locals.console;
    if (!pagesMayChange(settings)) return fail(403, { problem: NOT_HERE });
    const form = await request.formData();
    const { projectId } = params;
    const scope = scopeFromFields(form);
    const input = triggerSchema.safeParse({ projectId, scope, reason: form.get("reason") });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    if ((await findProject(services.db, projectId)) === undefined)
      error(404, `There is no project "${projectId}".`);
    await triggerKillSwitch(services, input.data, LOCAL_ACTOR);
    redirect(303, `/projects/${projectId}/control`);
  },
  release: async ({ request, params, locals }) => {
    const { services, settings } = locals.console;
    if (!pagesMayChange(settings)) return fail(403, { problem: NOT_HERE });
    const form = await request.formData();
    const { projectId } = params;
    const input = releaseSchema.safeParse({
      projectId,
      killSwitchId: form.get("id"),
      reason: form.get("reason"),
    });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const isReleased = await releaseKillSwitch(services, input.data, LOCAL_ACTOR);
    if (!isReleased) return fail(409, { problem: "this switch was released before" });
    redirect(303, `/projects/${projectId}/control`);
  },
};

const NOT_HERE =
  "this console is reachable from other machines and has no sign-in: use POST /internal/kill-switches with the control token";
