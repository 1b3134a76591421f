import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { listOrganizations, ORGANIZATION_ORDER } from "../../access/organization.ts";
import { removeMember } from "../../services/members/change.ts";
import { createOrganization } from "../../services/organizations/create.ts";
import { renameOrganization, type OrganizationRow } from "../../services/organizations/rename.ts";
import { organizationTermsSchema } from "../../services/organizations/schemas.ts";
import { notFound, versionConflict } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { defineRoute, organizationOf, type ApiRoute } from "../route.ts";
import { timeSchema } from "../schemas.ts";
import { checkChanged, roleSchema } from "./members.ts";

const organizationSchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    createdAt: timeSchema,
    version: z.int().describe("Grows with every change; the ETag is made of it."),
  })
  .meta({ id: "Organization" });

const toOrganization = (row: OrganizationRow): z.output<typeof organizationSchema> => ({
  id: row.id,
  name: row.name,
  createdAt: row.createdAt.toISOString(),
  version: row.version,
});

export const organizationRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/organizations",
    operationId: "listOrganizations",
    tag: "Organisations",
    summary: "Lists the organisations that you have a part in, by name. API keys have none.",
    permission: "known",
    query: z.strictObject(pageQuery),
    success: {
      status: 200,
      description: "A page of organisations, and your role in each.",
      schema: pageOf(z.strictObject({ id: z.string(), name: z.string(), role: roleSchema })),
    },
    handle: async ({ services, caller, query }) => ({
      body: await readPage(query, ORGANIZATION_ORDER, (part) =>
        listOrganizations(services.db, caller, part),
      ),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/organizations",
    operationId: "createOrganization",
    tag: "Organisations",
    summary: "Creates an organisation, with you as its owner. API keys may not.",
    permission: "known",
    body: organizationTermsSchema,
    success: {
      status: 201,
      description: "It was created.",
      schema: z.strictObject({ id: z.string() }),
    },
    errors: ["api.conflict", "auth.permission_missing"],
    handle: async ({ services, caller, body }) => {
      if (caller.kind === "api_key") {
        throw new LensError("auth.permission_missing", "an API key has a part in its project only");
      }
      const userId = caller.kind === "user" ? caller.userId : null;
      const created = await createOrganization(services, body, { actor: caller.actor, userId });
      if (created === "too_many") {
        throw new LensError("api.conflict", "you own as many organisations as one may");
      }
      return { body: created, location: `/organizations/${created.id}` };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/organizations/{organizationId}",
    operationId: "getOrganization",
    tag: "Organisations",
    summary: "Reads an organisation.",
    permission: "members.read",
    success: { status: 200, description: "The organisation.", schema: organizationSchema },
    handle: (request) => {
      const { organization } = organizationOf(request);
      const { version } = organization;
      return Promise.resolve({ body: toOrganization(organization), version });
    },
  }),
  defineRoute({
    method: "PATCH",
    path: "/organizations/{organizationId}",
    operationId: "renameOrganization",
    tag: "Organisations",
    summary: "Gives an organisation another name.",
    permission: "organization.manage",
    isEdit: true,
    body: organizationTermsSchema,
    success: { status: 200, description: "As it is now.", schema: organizationSchema },
    handle: async (request) => {
      const { services, caller, expectedVersion, body } = request;
      const { id: organizationId } = organizationOf(request).organization;
      const input = { ...body, organizationId, expectedVersion };
      const result = await renameOrganization(services, input, caller.actor);
      if (result.outcome === "conflict") throw versionConflict(result.currentVersion);
      if (result.outcome === "unknown") throw notFound("there is no such organisation");
      const { organization } = result;
      return { body: toOrganization(organization), version: organization.version };
    },
  }),
  defineRoute({
    method: "DELETE",
    path: "/organizations/{organizationId}/membership",
    operationId: "leaveOrganization",
    tag: "Organisations",
    summary: "Leaves an organisation: you are no longer a member of it.",
    permission: "members.read",
    success: { status: 204, description: "You have left it." },
    errors: ["api.conflict"],
    handle: async (request) => {
      const { grantor } = organizationOf(request);
      const { userId } = grantor;
      if (userId === null) throw new LensError("api.conflict", "you are not a member of it");
      checkChanged(await removeMember(request.services, { userId }, grantor));
      return {};
    },
  }),
];
