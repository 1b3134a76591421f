import { error, redirect } from "@sveltejs/kit";
import { problemResponse } from "../http/problem.ts";
import { findProjectAccess, type ProjectRow } from "../services/projects/access.ts";
import { isReadPermission, refusalOf, roleMay, type Permission, type Role } from "./permissions.ts";
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
 * `archived`: the asker might do it, were the project not read-only.
 * `anonymous`: nobody has said who asks.
 */
export type ProjectAccess =
  | ProjectGrant
  | { readonly outcome: "unknown" }
  | { readonly outcome: "refused"; readonly permission: Permission }
  | { readonly outcome: "archived" }
  | { readonly outcome: "anonymous" };

/** A permission, in an archived project as well: for what archives and restores it. */
export interface PermissionEvenArchived {
  readonly permission: Permission;
  readonly isForArchived: boolean;
}

/**
 * May whoever asks do this in that project? Every route of a project asks here before it reads anything. One
 * statement, the same one whether or not the project exists and whoever it belongs to.
 */
export async function authorizeProject(
  locals: App.Locals,
  projectId: string,
  asked: Permission | PermissionEvenArchived,
): Promise<ProjectAccess> {
  const { permission, isForArchived } =
    typeof asked === "string" ? { permission: asked, isForArchived: false } : asked;
  const { principal } = locals;
  if (principal.kind === "anonymous") return { outcome: "anonymous" };
  const userId = principal.kind === "user" ? principal.userId : undefined;
  const found = await findProjectAccess(locals.console.services.db, { projectId, userId });
  const mayInUse = found && mayInProject(principal, found);
  if (found === undefined || mayInUse === undefined) return { outcome: "unknown" };
  if (!mayInUse(permission)) return { outcome: "refused", permission };
  const { project } = found;
  const isReadOnly = project.archivedAt !== null;
  const may = (other: Permission): boolean =>
    mayInUse(other) && (!isReadOnly || isReadPermission(other));
  if (!may(permission) && !isForArchived) return { outcome: "archived" };
  const role = deploymentRole(principal) ?? found.role;
  return { outcome: "granted", project, actor: principal.actor, role, may };
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
  asked: Permission | PermissionEvenArchived,
): Promise<ProjectGrant> {
  const access = await authorizeProject(locals, projectId, asked);
  if (access.outcome === "granted") return access;
  if (access.outcome === "anonymous") redirect(303, signInPath(`/projects/${projectId}`));
  if (access.outcome === "unknown") error(404, `There is no project "${projectId}".`);
  if (access.outcome === "archived") {
    error(403, "The project is archived and can only be read: restore it in its settings first.");
  }
  error(403, refusalOf(access.permission));
}

/** What programs are told. */
export const ARCHIVED =
  "the project is archived and can only be read: restore it before anything is changed";

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
    case "archived":
      return problemResponse({
        status: 403,
        code: "auth.project_archived",
        detail: ARCHIVED,
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
