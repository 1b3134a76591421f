import { error, redirect } from "@sveltejs/kit";
import { problemResponse } from "../http/problem.ts";
import { findProjectAccess, type ProjectRow } from "../services/projects/access.ts";
import { roleMay, type Permission, type Role } from "./permissions.ts";
import { deploymentRole, scopesMay, type Principal } from "./principal.ts";
import { signInPath } from "./sign-in-path.ts";

/** A project that somebody may use, and as whom. */
export interface ProjectGrant {
  readonly outcome: "granted";
  readonly project: ProjectRow;
  /** For the audit log. */
  readonly actor: string;
  /** Undefined for API keys, which have scopes. */
  readonly role: Role | undefined;
  /** What else may be done in this project: for what a page offers. */
  readonly may: (permission: Permission) => boolean;
}

/**
 * `unknown`: no such project, or none that the asker has any part in. The two must look alike.
 * `refused`: a project of the asker's, in which this permission is missing.
 * `anonymous`: nobody has said who asks.
 */
export type ProjectAccess =
  | ProjectGrant
  | { readonly outcome: "unknown" }
  | { readonly outcome: "refused"; readonly permission: Permission }
  | { readonly outcome: "anonymous" };

/**
 * May whoever asks do this in that project? Every route of a project asks here before it reads anything. One
 * statement, the same one whether or not the project exists and whoever it belongs to.
 */
export async function authorizeProject(
  locals: App.Locals,
  projectId: string,
  permission: Permission,
): Promise<ProjectAccess> {
  const { principal } = locals;
  if (principal.kind === "anonymous") return { outcome: "anonymous" };
  const userId = principal.kind === "user" ? principal.userId : undefined;
  const found = await findProjectAccess(locals.console.services.db, { projectId, userId });
  const may = found && mayInProject(principal, found);
  if (found === undefined || may === undefined) return { outcome: "unknown" };
  if (!may(permission)) return { outcome: "refused", permission };
  const role = deploymentRole(principal) ?? found.role;
  return { outcome: "granted", project: found.project, actor: principal.actor, role, may };
}

/** Undefined when the asker has no part in the project at all. */
function mayInProject(
  principal: Principal,
  found: { readonly project: ProjectRow; readonly role: Role | undefined },
): ((permission: Permission) => boolean) | undefined {
  if (principal.kind === "api_key") {
    if (principal.projectId !== found.project.id) return undefined;
    return (permission) => scopesMay(principal.scopes, permission);
  }
  const role = deploymentRole(principal) ?? found.role;
  return role && ((permission) => roleMay(role, permission));
}

/** For loads and form actions: ends them with 404 or 403, or leads to the sign-in. */
export async function projectForPage(
  locals: App.Locals,
  projectId: string,
  permission: Permission,
): Promise<ProjectGrant> {
  const access = await authorizeProject(locals, projectId, permission);
  if (access.outcome === "granted") return access;
  if (access.outcome === "anonymous") redirect(303, signInPath(`/projects/${projectId}`));
  if (access.outcome === "unknown") error(404, `There is no project "${projectId}".`);
  error(403, `Your role does not allow this (${access.permission}): ask an owner or an admin.`);
}

/** For programs: the grant, or the problem to answer with. */
export async function projectForApi(
  locals: App.Locals,
  projectId: string,
  permission: Permission,
): Promise<ProjectGrant | Response> {
  const access = await authorizeProject(locals, projectId, permission);
  switch (access.outcome) {
    case "granted":
      return access;
    case "anonymous":
      return unauthenticated();
    case "unknown":
      return problemResponse({
        status: 404,
        code: "query.not_found",
        detail: `there is no project "${projectId}"`,
      });
    case "refused":
      return problemResponse({
        status: 403,
        code: "auth.permission_missing",
        detail: `this needs the permission ${access.permission}, which your role or key does not have`,
      });
  }
}

/** 401 for programs. */
export function unauthenticated(): Response {
  const response = problemResponse({
    status: 401,
    code: "auth.session_missing",
    detail: "sign in, or send an API key as: Authorization: Bearer <key>",
  });
  response.headers.set("www-authenticate", "Bearer");
  return response;
}
