import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { invitationMail } from "../../auth/sign-in-mail.ts";
import { cancelInvitation } from "../../services/members/cancel-invitation.ts";
import { inviteMember } from "../../services/members/invite.ts";
import { INVITATION_ORDER, listInvitations } from "../../services/members/list.ts";
import { inviteSchema } from "../../services/members/schemas.ts";
import { notFound } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { defineRoute, organizationOf, type ApiRoute } from "../route.ts";
import { idParam, timeSchema } from "../schemas.ts";
import { aboveOwnRole, roleSchema } from "./members.ts";

const invitationSchema = z
  .strictObject({
    id: z.string(),
    email: z.string(),
    role: roleSchema,
    isSentByMail: z.boolean(),
    expiresAt: timeSchema,
  })
  .meta({ id: "Invitation" });

export const invitationRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/organizations/{organizationId}/invitations",
    operationId: "listInvitations",
    tag: "Members",
    summary: "Lists the invitations that can still be accepted, by address.",
    permission: "members.manage",
    query: z.strictObject(pageQuery),
    success: {
      status: 200,
      description: "A page of invitations.",
      schema: pageOf(invitationSchema),
    },
    handle: async (request) => {
      const { db, now } = request.services;
      const { id: organizationId } = organizationOf(request).organization;
      const body = await readPage(request.query, INVITATION_ORDER, (part) =>
        listInvitations(db, { organizationId, now: now() }, part),
      );
      return { body };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/organizations/{organizationId}/invitations",
    operationId: "inviteMember",
    tag: "Members",
    summary: "Lets an address sign in and become a member.",
    description: "A pending invitation of the same address is replaced, with its link.",
    permission: "members.manage",
    body: z.strictObject(inviteSchema.shape),
    errors: ["api.conflict", "mail.failed"],
    success: {
      status: 201,
      description:
        "It was sent by mail; where the console sends none, `link` is to be handed over.",
      schema: z.strictObject({
        id: z.string(),
        link: z
          .string()
          .nullable()
          .describe("Works once, for seven days. Null when it was mailed."),
      }),
    },
    handle: async (request) => {
      const { console, services, body } = request;
      const { mailer, settings } = console;
      const { grantor, organization } = organizationOf(request);
      const input = { ...body, isSentByMail: mailer !== undefined };
      const invited = await inviteMember(services, input, grantor);
      if (invited.outcome === "above_own_role") throw aboveOwnRole();
      if (invited.outcome === "already_member") {
        throw new LensError("api.conflict", "somebody with this address is a member already");
      }
      const query = new URLSearchParams({ token: invited.token });
      const link = `${settings.people.publicOrigin}/join?${query.toString()}`;
      const { invitationId: id } = invited;
      if (mailer === undefined) return { body: { id, link } };
      await mailer.send({ to: body.email, ...invitationMail(link, organization.name) });
      return { body: { id, link: undefined } };
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/organizations/{organizationId}/invitations/{invitationId}",
    operationId: "cancelInvitation",
    tag: "Members",
    summary: "Takes an invitation back: its link does not work any longer.",
    permission: "members.manage",
    params: z.strictObject({ invitationId: idParam("The `id` of the invitation.") }),
    success: { status: 204, description: "It is taken back." },
    handle: async (request) => {
      const { services, params } = request;
      if (await cancelInvitation(services, params, organizationOf(request).grantor)) return {};
      throw notFound(`the organisation has no pending invitation "${params.invitationId}"`);
    },
  }),
];
