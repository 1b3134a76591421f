import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { ROLES, type Role } from "../../access/permissions.ts";
import {
  changeRole,
  removeMember,
  type MemberChangeOutcome,
} from "../../services/members/change.ts";
import { listMembers, MEMBER_ORDER } from "../../services/members/list.ts";
import { changeRoleSchema } from "../../services/members/schemas.ts";
import { notFound } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { defineRoute, organizationOf, type ApiRoute } from "../route.ts";
import { idParam, timeSchema } from "../schemas.ts";

export const roleSchema = z.enum(ROLES as [Role, ...Role[]]);

const memberSchema = z
  .strictObject({
    userId: z.string(),
    email: z.string(),
    role: roleSchema,
    joinedAt: timeSchema,
  })
  .meta({ id: "Member" });

const userParams = z.strictObject({ userId: idParam("The `userId` of the member.") });

export const memberRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/organizations/{organizationId}/members",
    operationId: "listMembers",
    tag: "Members",
    summary: "Lists the members of an organisation, by address.",
    permission: "members.read",
    query: z.strictObject(pageQuery),
    success: { status: 200, description: "A page of members.", schema: pageOf(memberSchema) },
    handle: async (request) => {
      const { id: organizationId } = organizationOf(request).organization;
      const body = await readPage(request.query, MEMBER_ORDER, (part) =>
        listMembers(request.services.db, organizationId, part),
      );
      return { body };
    },
  }),
  defineRoute({
    method: "PUT",
    path: "/organizations/{organizationId}/members/{userId}/role",
    operationId: "changeMemberRole",
    tag: "Members",
    summary: "Gives a member another role, at most one's own.",
    permission: "members.manage",
    params: userParams,
    body: z.strictObject({ role: changeRoleSchema.shape.role }),
    errors: ["api.conflict"],
    success: { status: 204, description: "It is changed." },
    handle: async (request) => {
      const input = { ...request.params, ...request.body };
      checkChanged(await changeRole(request.services, input, organizationOf(request).grantor));
      return {};
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/organizations/{organizationId}/members/{userId}",
    operationId: "removeMember",
    tag: "Members",
    summary: "Takes a member out: the next request of his sees nothing of the organisation.",
    permission: "members.manage",
    params: userParams,
    errors: ["api.conflict"],
    success: { status: 204, description: "The member is removed." },
    handle: async (request) => {
      checkChanged(
        await removeMember(request.services, request.params, organizationOf(request).grantor),
      );
      return {};
    },
  }),
];

/** Refuses what was not changed. */
export function checkChanged(outcome: MemberChangeOutcome): void {
  switch (outcome) {
    case "changed":
      return;
    case "unknown":
      throw notFound("the organisation has no such member");
    case "above_own_role":
      throw aboveOwnRole();
    case "last_owner":
      throw new LensError(
        "api.conflict",
        "an organisation needs an owner: make somebody else one first",
      );
  }
}

export const aboveOwnRole = (): LensError =>
  new LensError("auth.permission_missing", "that role allows more than yours: ask an owner");
