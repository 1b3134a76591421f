import { error, redirect } from "@sveltejs/kit";
import { and, eq } from "drizzle-orm";
import type { Database } from "../db/client.ts";
import { members } from "../db/schema/members.ts";
import { organizations } from "../db/schema/organizations.ts";
import { listOrder, WHOLE_LIST, type ListPart } from "../services/list-order.ts";
import type { Grantor } from "../services/members/grantor.ts";
import { refusalOf, roleMay, type Permission, type Role } from "./permissions.ts";
import { deploymentRole, type Principal } from "./principal.ts";
import { signInPath } from "./sign-in-path.ts";

type OrganizationRow = typeof organizations.$inferSelect;

/** An organisation that somebody has a part in, and as what. */
export interface OrganizationGrant {
  readonly outcome: "granted";
  readonly organization: OrganizationRow;
  readonly role: Role;
  readonly grantor: Grantor;
  readonly may: (permission: Permission) => boolean;
}

/** As for projects: what somebody has no part in looks like what does not exist. API keys have no part in any. */
export type OrganizationAccess =
  | OrganizationGrant
  | { readonly outcome: "unknown" }
  | { readonly outcome: "refused"; readonly permission: Permission }
  | { readonly outcome: "anonymous" };

export async function authorizeOrganization(
  locals: App.Locals,
  organizationId: string,
  permission: Permission,
): Promise<OrganizationAccess> {
  const { principal } = locals;
  if (principal.kind === "anonymous") return { outcome: "anonymous" };
  const userId = principal.kind === "user" ? principal.userId : null;
  const { db } = locals.console.services;
  const [found] = await db
    .select({ organization: organizations, role: members.role })
    .from(organizations)
    .leftJoin(
      members,
      and(eq(members.organizationId, organizations.id), eq(members.userId, userId ?? "")),
    )
    .where(eq(organizations.id, organizationId));
  const role = found && (deploymentRole(principal) ?? found.role ?? undefined);
  if (found === undefined || role === undefined) return { outcome: "unknown" };
  if (!roleMay(role, permission)) return { outcome: "refused", permission };
  return {
    outcome: "granted",
    organization: found.organization,
    role,
    grantor: { organizationId, actor: principal.actor, role, userId },
    may: (other) => roleMay(role, other),
  };
}

/** For loads and form actions: ends them with 404 or 403, or leads to the sign-in. */
export async function organizationForPage(
  locals: App.Locals,
  organizationId: string,
  permission: Permission,
): Promise<OrganizationGrant> {
  const access = await authorizeOrganization(locals, organizationId, permission);
  if (access.outcome === "granted") return access;
  if (access.outcome === "anonymous") redirect(303, signInPath("/"));
  if (access.outcome === "unknown") error(404, `There is no organisation "${organizationId}".`);
  error(403, refusalOf(access.permission));
}

export interface OrganizationSummary {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
}

/** By name. */
export const ORGANIZATION_ORDER = listOrder<OrganizationSummary>(
  { kind: "text", by: organizations.name, of: (organization) => organization.name },
  { kind: "text", by: organizations.id, of: (organization) => organization.id },
);

/** The organisations that whoever asks has a part in, in `ORGANIZATION_ORDER`. */
export async function listOrganizations(
  db: Database,
  principal: Principal,
  { limit, after }: ListPart = WHOLE_LIST,
): Promise<OrganizationSummary[]> {
  const role = deploymentRole(principal);
  const { id, name } = organizations;
  const isBehind = ORGANIZATION_ORDER.isBehind(after);
  const { orderBy } = ORGANIZATION_ORDER;
  if (role !== undefined) {
    const all = db.select({ id, name }).from(organizations).where(isBehind);
    const rows = await all.orderBy(...orderBy).limit(limit);
    return rows.map((row) => ({ id: row.id, name: row.name, role }));
  }
  if (principal.kind !== "user") return [];
  return db
    .select({ id, name, role: members.role })
    .from(organizations)
    .innerJoin(members, eq(members.organizationId, id))
    .where(and(eq(members.userId, principal.userId), isBehind))
    .orderBy(...orderBy)
    .limit(limit);
}
