import { error, fail, redirect } from "@sveltejs/kit";
import { scopeFromFields } from "#lib/scope.ts";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { failPage } from "#lib/server/http/fail-page.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { refusingBudgets } from "#lib/server/alerts/refusing-budgets.ts";
import { loadImpact, loadScopeValues } from "#lib/server/lake/load-impact.ts";
import { startDrill } from "#lib/server/services/drills/start.ts";
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
import { actorNames } from "#lib/server/services/members/actor-names.ts";
import { receiptsOverview } from "#lib/server/services/receipts/overview.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import type { Actions, PageServerLoad } from "./$types";

export const load: PageServerLoad = async ({ params, url, locals, depends, parent }) => {
  depends("lensai:control");
  await parent();
  const { services, lake } = locals.console;
  const { project, may } = await projectForPage(locals, params.projectId, "project.read");
  const scope = scopeFromFields(url.searchParams);
  const isPreview = url.searchParams.has("preview");
  const parsed = scopeSchema.safeParse(scope);
  if (!parsed.success) error(400, issuesText(parsed.error));
  const nowUnixMs = services.now().getTime();
  const question = { projectId: project.id, nowUnixMs };
  const [active, refusing, released, receipts, [impact, values]] = await Promise.all([
    activeKillSwitches(services.db, project.id),
    refusingBudgets(services.db, { projectId: project.id, now: services.now() }),
    releasedKillSwitches(services.db, project.id),
    receiptsOverview(services, project.id),
    Promise.all([
      isPreview ? loadImpact(lake, { ...question, scope }) : undefined,
      loadScopeValues(lake, question),
    ]).catch((failure: unknown) => failPage(failure, locals.requestId)),
  ]);
  const actors = [
    ...[...active, ...released].map(({ triggeredBy }) => triggeredBy),
    ...released.map(({ releasedBy }) => releasedBy),
    ...receipts.announcements.map(({ announcedBy }) => announcedBy),
  ];
  return {
    project,
    names: await actorNames(services.db, project.organizationId, actors),
    scope,
    isPreview,
    active,
    refusing,
    released,
    receipts,
    impact,
    values,
    mayChange: may("kill_switches.manage"),
  };
};

export const actions: Actions = {
  drill: async ({ params, locals }) => {
    const { projectId } = params;
    const { actor } = await projectForPage(locals, projectId, "kill_switches.manage");
    await startDrill(locals.console.services, { projectId }, actor);
    redirect(303, `/projects/${projectId}/control#processes`);
  },
  trigger: async ({ request, params, locals }) => {
    const { services } = locals.console;
    const { projectId } = params;
    const { actor } = await projectForPage(locals, projectId, "kill_switches.manage");
    const form = await request.formData();
    const scope = scopeFromFields(form);
    const input = triggerSchema.safeParse({ projectId, scope, reason: form.get("reason") });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    await triggerKillSwitch(services, input.data, actor);
    redirect(303, `/projects/${projectId}/control`);
  },
  release: async ({ request, params, locals }) => {
    const { services } = locals.console;
    const { projectId } = params;
    const { actor } = await projectForPage(locals, projectId, "kill_switches.manage");
    const form = await request.formData();
    const input = releaseSchema.safeParse({
      projectId,
      killSwitchId: form.get("id"),
      reason: form.get("reason"),
    });
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const isReleased = await releaseKillSwitch(services, input.data, actor);
    if (!isReleased) return fail(409, { problem: "this switch was released before" });
    redirect(303, `/projects/${projectId}/control`);
  },
};
