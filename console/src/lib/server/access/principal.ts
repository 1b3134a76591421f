import type { KeyScope } from "@lensai/otel-config/control/keys";
import type { Permission, Role } from "./permissions.ts";
import { roleMay } from "./permissions.ts";

/** Who asks. `actor` is what the audit log has of it: never an address, a name or a key. */
export type Principal =
  | UserPrincipal
  | LocalOwnerPrincipal
  | ApiKeyPrincipal
  | ControlTokenPrincipal
  | AnonymousPrincipal;

/** A person with a session. The role is that of the organisation asked about. */
export interface UserPrincipal {
  readonly kind: "user";
  readonly userId: string;
  readonly email: string;
  readonly name: string;
  readonly sessionId: string;
  /** `user:<id>` */
  readonly actor: string;
}

/** Whoever sits at a machine that nobody else can reach: owner of everything, without a session. */
export interface LocalOwnerPrincipal {
  readonly kind: "local_owner";
  readonly actor: "local";
}

/** A program with an API key: its project, and what the scopes of the key allow. */
export interface ApiKeyPrincipal {
  readonly kind: "api_key";
  readonly keyId: string;
  readonly projectId: string;
  readonly scopes: readonly KeyScope[];
  /** `key:<id>` */
  readonly actor: string;
}

/** Whoever runs the deployment: collectors, the launcher and the command line. */
export interface ControlTokenPrincipal {
  readonly kind: "control_token";
  readonly actor: "control token";
}

export interface AnonymousPrincipal {
  readonly kind: "anonymous";
  readonly actor: "anonymous";
}

export const LOCAL_OWNER: LocalOwnerPrincipal = { kind: "local_owner", actor: "local" };
export const CONTROL_TOKEN: ControlTokenPrincipal = {
  kind: "control_token",
  actor: "control token",
};
export const ANONYMOUS: AnonymousPrincipal = { kind: "anonymous", actor: "anonymous" };

const CONTROL_SCOPE_PERMISSIONS: ReadonlySet<Permission> = new Set([
  "project.read",
  "kill_switches.manage",
  "budgets.manage",
  "prices.manage",
]);

/**
 * What a key may do in its project: `read` is what a viewer may, and to stream the calls that it may page through;
 * `ingest` nothing here.
 */
export function scopesMay(scopes: readonly KeyScope[], permission: Permission): boolean {
  const isRead = roleMay("viewer", permission) || permission === "export.read";
  if (isRead && scopes.includes("read")) return true;
  return scopes.includes("control") && CONTROL_SCOPE_PERMISSIONS.has(permission);
}

/** The role of those who have the same one everywhere; undefined for those who have one per organisation. */
export function deploymentRole(principal: Principal): Role | undefined {
  return principal.kind === "local_owner" || principal.kind === "control_token"
    ? "owner"
    : undefined;
}
