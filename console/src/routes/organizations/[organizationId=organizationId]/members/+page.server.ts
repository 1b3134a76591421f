import { fail } from "@sveltejs/kit";
import { organizationForPage, type OrganizationGrant } from "#lib/server/access/organization.ts";
import { rolesGrantableBy } from "#lib/server/access/permissions.ts";
import { invitationMail } from "#lib/server/auth/sign-in-mail.ts";
import { issuesText } from "#lib/server/http/problem.ts";
import { cancelInvitation } from "#lib/server/services/members/cancel-invitation.ts";
import { changeRole, removeMember } from "#lib/server/services/members/change.ts";
import { inviteMember } from "#lib/server/services/members/invite.ts";
import { listInvitations, listMembers } from "#lib/server/services/members/list.ts";
import {
  cancelInvitationSchema,
  changeRoleSchema,
  inviteSchema,
  removeMemberSchema,
} from "#lib/server/services/members/schemas.ts";
import type { Actions, PageServerLoad, RequestEvent } from "./$types";

export const load: PageServerLoad = async ({ params, locals, parent, depends }) => {
  depends("lensai:members");
  await parent();
  const access = await organizationForPage(locals, params.organizationId, "members.read");
  const { organization, role, grantor, may } = access;
  const { db, now } = locals.console.services;
  const mayManage = may("members.manage");
  const [members, invitations] = await Promise.all([
    listMembers(db, organization.id),
    mayManage ? listInvitations(db, { organizationId: organization.id, now: now() }) : [],
  ]);
  return {
    organization: { id: organization.id, name: organization.name },
    members,
    invitations,
    ownUserId: grantor.userId,
    mayManage,
    grantableRoles: rolesGrantableBy(role),
    ownersCount: members.filter((member) => member.role === "owner").length,
    sendsMail: locals.console.mailer !== undefined,
  };
};

export const actions: Actions = {
  invite: async (event) => {
    const { access, form, services } = await managed(event);
    const { mailer, settings } = event.locals.console;
    const input = inviteSchema.safeParse(form);
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const invited = await inviteMember(
      services,
      { ...input.data, isSentByMail: mailer !== undefined },
      access.grantor,
    );
    if (invited.outcome !== "invited") return fail(409, { problem: PROBLEMS[invited.outcome] });
    const query = new URLSearchParams({ token: invited.token });
    const link = `${settings.people.publicOrigin}/join?${query.toString()}`;
    const { email } = input.data;
    if (mailer === undefined) return { invited: email, link };
    try {
      await mailer.send({ to: email, ...invitationMail(link, access.organization.name) });
      return { invited: email };
    } catch (error) {
      const reason = error instanceof Error ? error.message : "unknown";
      return fail(502, { problem: `${reason}: invite again when it works.` });
    }
  },
  cancel: async (event) => {
    const { access, form, services } = await managed(event);
    const input = cancelInvitationSchema.safeParse(form);
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const isCanceled = await cancelInvitation(services, input.data, access.grantor);
    if (!isCanceled) return fail(409, { problem: "This invitation is not pending any longer." });
    return { done: "The invitation is taken back: its link does not work any longer." };
  },
  role: async (event) => {
    const { access, form, services } = await managed(event);
    const input = changeRoleSchema.safeParse(form);
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const outcome = await changeRole(services, input.data, access.grantor);
    if (outcome !== "changed") return fail(409, { problem: PROBLEMS[outcome] });
    return { done: "The role is changed." };
  },
  remove: async (event) => {
    const { locals, params, request } = event;
    const access = await organizationForPage(locals, params.organizationId, "members.read");
    const { services } = locals.console;
    const input = removeMemberSchema.safeParse(Object.fromEntries(await request.formData()));
    if (!input.success) return fail(400, { problem: issuesText(input.error) });
    const outcome = await removeMember(services, input.data, access.grantor);
    if (outcome !== "changed") return fail(409, { problem: PROBLEMS[outcome] });
    return { done: "The member is removed." };
  },
};

const PROBLEMS = {
  already_member: "Somebody with this address is a member already.",
  above_own_role: "That role allows more than yours: ask an owner.",
  last_owner: "An organisation needs an owner: make somebody else one first.",
  unknown: "There is no such member.",
} as const;

/** What only those who manage members may do. */
async function managed({ locals, params, request }: RequestEvent): Promise<{
  readonly access: OrganizationGrant;
  readonly form: Readonly<Record<string, FormDataEntryValue>>;
  readonly services: App.Locals["console"]["services"];
}> {
  const access = await organizationForPage(locals, params.organizationId, "members.manage");
  const form = Object.fromEntries(await request.formData());
  return { access, form, services: locals.console.services };
}
