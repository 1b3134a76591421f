import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { findProjectAccess, type ProjectRow } from "../../services/projects/access.ts";
import { archiveProject } from "../../services/projects/archive.ts";
import { ensureProject } from "../../services/projects/create.ts";
import { listProjects, PROJECT_ORDER, PROJECT_STATES } from "../../services/projects/list.ts";
import { projectIdSchema } from "../../services/projects/project-id.ts";
import {
  createProjectSchema,
  maxStalenessSecondsSchema,
  projectChangeSchema,
  staleModeSchema,
} from "../../services/projects/schemas.ts";
import { updateProject } from "../../services/projects/update.ts";
import { projectNotFound, versionConflict } from "../api-errors.ts";
import { pageOf, pageQuery, readPage } from "../paging.ts";
import { defineRoute, organizationOf, type ApiRequest, type ApiRoute } from "../route.ts";
import { timeSchema } from "../schemas.ts";

const projectSchema = z
  .strictObject({
    id: projectIdSchema,
    name: z.string(),
    organizationId: z.string(),
    content: z.enum(["redacted", "off"]),
    requireSignature: z.boolean(),
    maxStalenessSeconds: maxStalenessSecondsSchema,
    staleMode: staleModeSchema,
    createdAt: timeSchema,
    archivedAt: timeSchema.nullable().describe("Read-only since then; null while it is in use."),
    version: z.int().describe("Grows with every change; the ETag is made of it."),
  })
  .meta({ id: "Project" });

const toProject = (row: ProjectRow): z.output<typeof projectSchema> => ({
  id: row.id,
  name: row.name,
  organizationId: row.organizationId,
  content: row.content,
  requireSignature: row.requireSignature,
  maxStalenessSeconds: row.maxStalenessSeconds,
  staleMode: row.staleMode,
  createdAt: row.createdAt.toISOString(),
  archivedAt: row.archivedAt?.toISOString() ?? null,
  version: row.version,
});

export const projectRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects",
    operationId: "listProjects",
    tag: "Projects",
    summary: "Lists the projects that you have a part in, by name; with an API key, the key's one.",
    permission: "known",
    query: z.strictObject({
      ...pageQuery,
      state: z
        .enum(PROJECT_STATES)
        .default("active")
        .describe("Those in use, or those that were archived."),
    }),
    success: {
      status: 200,
      description: "A page of projects.",
      schema: pageOf(z.strictObject({ id: projectIdSchema, name: z.string() })),
    },
    handle: async ({ services, caller, query }) => ({
      body: await readPage(query, PROJECT_ORDER, (part) =>
        listProjects(services.db, { principal: caller, state: query.state }, part),
      ),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/organizations/{organizationId}/projects",
    operationId: "createProject",
    tag: "Projects",
    summary: "Creates a project of an organisation.",
    permission: "project.manage",
    body: createProjectSchema,
    success: { status: 201, description: "It was created.", schema: projectSchema },
    errors: ["api.conflict"],
    handle: async (request) => {
      const { services, body, caller } = request;
      const { id: organizationId } = organizationOf(request).organization;
      const { content, ...required } = body;
      const input = { ...required, organizationId, ...(content !== undefined && { content }) };
      const { isNew } = await ensureProject(services, input, caller.actor);
      if (!isNew) throw new LensError("api.conflict", `there is a project "${body.id}" already`);
      const project = await foundProject(services.db, body.id);
      const { version } = project;
      return { body: toProject(project), version, location: `/projects/${body.id}` };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}",
    operationId: "getProject",
    tag: "Projects",
    summary: "Reads a project.",
    permission: "project.read",
    success: { status: 200, description: "The project.", schema: projectSchema },
    handle: async ({ services, projectId }) => {
      const project = await foundProject(services.db, projectId);
      return { body: toProject(project), version: project.version };
    },
  }),
  defineRoute({
    method: "PATCH",
    path: "/projects/{projectId}",
    operationId: "updateProject",
    tag: "Projects",
    summary: "Changes the name or a rule of a project.",
    permission: "project.manage",
    isEdit: true,
    body: projectChangeSchema,
    success: { status: 200, description: "The project as it is now.", schema: projectSchema },
    handle: async ({ services, caller, projectId, expectedVersion, body }) => {
      const input = { projectId, expectedVersion, change: body };
      const result = await updateProject(services, input, caller.actor);
      if (result.outcome === "conflict") throw versionConflict(result.currentVersion);
      if (result.outcome === "unknown") throw projectNotFound(projectId);
      return { body: toProject(result.project), version: result.project.version };
    },
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/archive",
    operationId: "archiveProject",
    tag: "Projects",
    summary: "Archives a project: it can be read and not changed, and takes nothing any more.",
    description:
      "Collectors refuse its keys with `auth.project_archived`, also those of processes that run. Nothing is deleted. An archived project stays as it is.",
    permission: "project.manage",
    isForArchived: true,
    success: { status: 200, description: "The project as it is now.", schema: projectSchema },
    handle: (request) => archived(request, true),
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/restore",
    operationId: "restoreProject",
    tag: "Projects",
    summary: "Brings an archived project back, with its keys.",
    permission: "project.manage",
    isForArchived: true,
    success: { status: 200, description: "The project as it is now.", schema: projectSchema },
    handle: (request) => archived(request, false),
  }),
];

async function archived(
  { services, caller, projectId }: Pick<ApiRequest, "services" | "caller" | "projectId">,
  isArchived: boolean,
) {
  const project = await archiveProject(services, { projectId, isArchived }, caller.actor);
  if (project === undefined) throw projectNotFound(projectId);
  return { body: toProject(project), version: project.version };
}

async function foundProject(
  db: Parameters<typeof findProjectAccess>[0],
  projectId: string,
): Promise<ProjectRow> {
  const found = await findProjectAccess(db, { projectId, userId: undefined });
  if (found === undefined) throw projectNotFound(projectId);
  return found.project;
}
