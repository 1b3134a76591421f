import { LensError } from "@lensai/otel-config/errors";
import { principalOfApiKey, type KeyRefusal } from "../access/api-key-principal.ts";
import { ARCHIVED, authorizeProject, type PermissionEvenArchived } from "../access/authorize.ts";
import { authorizeOrganization, type OrganizationGrant } from "../access/organization.ts";
import type { Permission } from "../access/permissions.ts";
import { CONTROL_TOKEN, type Principal } from "../access/principal.ts";
import { hasBearerToken } from "../http/bearer.ts";
import { notFound, projectNotFound } from "./api-errors.ts";

/**
 * Who asks the API: the key or the control token of the Authorization header; without one, whoever the console
 * takes the request from (a session, or the owner at a machine that nobody else can reach). A header that opens
 * nothing is refused, and never passed over.
 */
export async function identifyCaller(locals: App.Locals, headers: Headers): Promise<Principal> {
  const authorization = headers.get("authorization");
  const { services, settings } = locals.console;
  if (authorization === null) return locals.principal;
  if (hasBearerToken(authorization, settings.controlToken)) return CONTROL_TOKEN;
  const key = /^Bearer ([!-~]{1,512})$/i.exec(authorization)?.[1];
  if (key === undefined) {
    throw new LensError("auth.key_invalid", "send the key as: Authorization: Bearer <API key>");
  }
  const found = await principalOfApiKey(services, key);
  if (typeof found === "object") return found;
  throw new LensError(
    found === "invalid" ? "auth.key_invalid" : "auth.key_revoked",
    REASONS[found],
  );
}

const REASONS: Readonly<Record<KeyRefusal, string>> = {
  invalid:
    "no project has this key: look for a copying mistake, or for a key of another installation",
  revoked: "this key was revoked: use another one of the project",
  expired: "this key has expired: create another one of the project",
};

/** What only this caller knows. Nobody's secret for somebody at a machine of one's own. */
export function credentialOf(principal: Principal, headers: Headers): string {
  const secret = headers.get("authorization") ?? "";
  return principal.kind === "user"
    ? `session ${principal.sessionId}`
    : `${principal.kind} ${secret}`;
}

/** Throws what a caller is told who has not said who he is. */
export function refuseAnonymous(principal: Principal): void {
  if (principal.kind !== "anonymous") return;
  throw new LensError(
    "auth.session_missing",
    "sign in, or send an API key as: Authorization: Bearer <API key>",
  );
}

/** Throws unless the project is the caller's and he may do this in it. */
export async function checkProjectAccess(
  locals: App.Locals,
  projectId: string,
  asked: PermissionEvenArchived,
): Promise<void> {
  const access = await authorizeProject(locals, projectId, asked);
  switch (access.outcome) {
    case "granted":
      return;
    case "archived":
      throw new LensError("auth.project_archived", ARCHIVED);
    case "refused":
      throw permissionMissing(access.permission);
    case "unknown":
    case "anonymous":
      throw projectNotFound(projectId);
  }
}

/** The same for an organisation; answers with it, and as whom the caller acts in it. */
export async function checkOrganizationAccess(
  locals: App.Locals,
  organizationId: string,
  permission: Permission,
): Promise<OrganizationGrant> {
  const access = await authorizeOrganization(locals, organizationId, permission);
  switch (access.outcome) {
    case "granted":
      return access;
    case "refused":
      throw permissionMissing(access.permission);
    case "unknown":
    case "anonymous":
      throw notFound(`there is no organisation "${organizationId}", or it is not yours`);
  }
}

const permissionMissing = (permission: Permission): LensError =>
  new LensError(
    "auth.permission_missing",
    `this needs the permission ${permission}, which your role or key does not have`,
  );
