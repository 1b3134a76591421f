import { error, fail, redirect } from "@sveltejs/kit";
import { projectForPage } from "#lib/server/access/authorize.ts";
import { alertWords } from "#lib/server/alerts/alert-words.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { createAlertChannel } from "#lib/server/services/alerts/create-channel.ts";
import { listAlertChannels, newestAlerts } from "#lib/server/services/alerts/list.ts";
import { removeAlertChannel } from "#lib/server/services/alerts/remove-channel.ts";
import {
  channelRefSchema,
  createChannelSchema,
  updateChannelSchema,
} from "#lib/server/services/alerts/schemas.ts";
import { updateAlertChannel } from "#lib/server/services/alerts/update-channel.ts";
import type { Actions, PageServerLoad } from "./$types";

const ALERTS_SHOWN = 50;

export const load: PageServerLoad = async ({ params, locals, depends, parent }) => {
  depends("lensai:alerts");
  await parent();
  const { db } = locals.console.services;
  const { project, may } = await projectForPage(locals, params.projectId, "project.read");
  const [channels, alerts] = await Promise.all([
    listAlertChannels(db, project.id),
    newestAlerts(db, { projectId: project.id, isOnePerMessage: true }, { limit: ALERTS_SHOWN }),
  ]);
  return {
    project: { id: project.id, name: project.name },
    channels,
    alerts: alerts.map(({ id, facts, severity, occurredAt, deliveries }) => {
      const { title, text } = alertWords(facts);
      return { id, title, text, severity, occurredAt, deliveries };
    }),
    mayChange: may("alerts.manage"),
  };
};

/** What any of the forms may answer. */
interface Answer {
  readonly problem?: string;
  readonly webhookSecret?: string;
  readonly tested?: { readonly channelId: string; readonly problem: string | undefined };
  /** The form to show again. */
  readonly openType?: string;
  readonly openId?: string;
}

const answered = (answer: Answer): Answer => answer;
const refused = (status: number, answer: Answer) => fail(status, answer);

export const actions: Actions = {
  create: async ({ request, params, locals }) => {
    const { projectId } = params;
    const { actor } = await projectForPage(locals, projectId, "alerts.manage");
    const fields = fieldsOf(await request.formData());
    const openType = String(fields["type"]);
    const input = createChannelSchema.safeParse({ ...fields, projectId });
    if (!input.success) return refused(400, { problem: issuesText(input.error), openType });
    const { context } = locals.console.alerts;
    const { webhookSecret } = await createAlertChannel(context, input.data, actor);
    // A redirect would lose what is shown once.
    if (webhookSecret !== undefined) return answered({ webhookSecret });
    redirect(303, `/projects/${projectId}/alerts`);
  },
  update: async ({ request, params, locals }) => {
    const { projectId } = params;
    const { actor } = await projectForPage(locals, projectId, "alerts.manage");
    const fields = fieldsOf(await request.formData());
    const openId = String(fields["channelId"]);
    const input = updateChannelSchema.safeParse({ ...fields, projectId });
    if (!input.success) return refused(400, { problem: issuesText(input.error), openId });
    const { context } = locals.console.alerts;
    const result = await updateAlertChannel(context, input.data, actor);
    switch (result.outcome) {
      case "unknown":
        error(404, NO_CHANNEL);
      case "conflict":
        return refused(412, { problem: CHANGED_MEANWHILE, openId });
      case "refused":
        return refused(400, { problem: result.problem, openId });
      case "updated":
        redirect(303, `/projects/${projectId}/alerts`);
    }
  },
  remove: async ({ request, params, locals }) => {
    const { projectId } = params;
    const { actor } = await projectForPage(locals, projectId, "alerts.manage");
    const input = channelRefSchema.safeParse({ ...fieldsOf(await request.formData()), projectId });
    if (!input.success) return refused(400, { problem: issuesText(input.error) });
    if (!(await removeAlertChannel(locals.console.services, input.data, actor)))
      return refused(409, { problem: "this channel was removed before" });
    redirect(303, `/projects/${projectId}/alerts`);
  },
  test: async ({ request, params, locals }) => {
    const { projectId } = params;
    await projectForPage(locals, projectId, "alerts.manage");
    const input = channelRefSchema.safeParse({ ...fieldsOf(await request.formData()), projectId });
    if (!input.success) return refused(400, { problem: issuesText(input.error) });
    const outcome = await locals.console.alerts.test(input.data);
    if (outcome === undefined) error(404, NO_CHANNEL);
    const problem = outcome.outcome === "failed" ? outcome.reason : undefined;
    return answered({ tested: { channelId: input.data.channelId, problem } });
  },
};

const NO_CHANNEL = "There is no such channel.";
const CHANGED_MEANWHILE =
  "somebody changed this channel meanwhile: what is shown now is theirs; make your change again";

/** Checkboxes of one name become a list; a box that is not ticked is not sent. */
function fieldsOf(form: FormData): Record<string, unknown> {
  return {
    ...Object.fromEntries(form),
    kinds: form.getAll("kinds"),
    hasButtons: form.get("hasButtons") === "true",
  };
}
