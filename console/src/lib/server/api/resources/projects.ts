import { LensError } from "@lensai/otel-config/errors";
import { z } from "zod";
import { findProjectAccess, type ProjectRow } from "../../services/projects/access.ts";
import { ensureProject } from "../../services/projects/create.ts";
import { listProjects, PROJECT_ORDER } from "../../services/projects/list.ts";
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
import { defineRoute, organizationOf, type ApiRoute } from "../route.ts";
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
    query: z.strictObject(pageQuery),
    success: {
      status: 200,
      description: "A page of projects.",
      schema: pageOf(z.strictObject({ id: projectIdSchema, name: z.string() })),
    },
    handle: async ({ services, caller, query }) => ({
      body: await readPage(query, PROJECT_ORDER, (part) => listProjects(services.db, caller, part)),
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
];

async function foundProject(
  db: Parameters<typeof findProjectAccess>[0],
  projectId: string,
): Promise<ProjectRow> {
  const found = await findProjectAccess(db, { projectId, userId: undefined });
  if (found === undefined) throw projectNotFound(projectId);
  return found.project;
}
