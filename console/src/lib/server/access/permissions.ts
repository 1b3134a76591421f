/** What somebody is in an organisation, and so in all of its projects. */
export type Role = "owner" | "admin" | "member" | "viewer" | "billing";

/** Everything that can be allowed or refused. A new capability is a new line here and in the table below. */
export type Permission =
  | "project.read"
  | "calls.read"
  | "project.manage"
  | "keys.manage"
  | "budgets.manage"
  | "kill_switches.manage"
  | "alerts.manage"
  | "prices.manage"
  | "export.read"
  | "audit.read"
  | "members.read"
  | "members.manage"
  | "billing.manage"
  | "organization.manage";

const EVERYONE = ["owner", "admin", "member", "viewer", "billing"] as const;
const MANAGERS = ["owner", "admin"] as const;
const MAKERS = ["owner", "admin", "member"] as const;

/** The roles that have a permission. */
const ROLES_BY_PERMISSION: Readonly<Record<Permission, readonly Role[]>> = {
  /** Spend, usage and state: figures, no single call. */
  "project.read": EVERYONE,
  /** Single calls can hold what people wrote; whoever pays the bill need not read it. */
  "calls.read": ["owner", "admin", "member", "viewer"],
  "project.manage": MANAGERS,
  /** Who holds a key can send data and spend in the project's name. */
  "keys.manage": MANAGERS,
  /** A budget decides whether the product works for its users. */
  "budgets.manage": MANAGERS,
  /** Whoever is at hand when an agent runs wild must be able to stop it; the audit log says who did. */
  "kill_switches.manage": MAKERS,
  "alerts.manage": MAKERS,
  /** A price changes every figure of the project. */
  "prices.manage": MANAGERS,
  /** Rows of calls leave the console. */
  "export.read": MAKERS,
  /** The log tells what each person did. */
  "audit.read": MANAGERS,
  "members.read": EVERYONE,
  "members.manage": MANAGERS,
  "billing.manage": ["owner", "billing"],
  "organization.manage": ["owner"],
};

/** Those that change nothing: all that an archived project allows. */
const READ_PERMISSIONS: ReadonlySet<string> = new Set<Permission>([
  "project.read",
  "calls.read",
  "export.read",
  "audit.read",
  "members.read",
]);

export const isReadPermission = (permission: string): boolean => READ_PERMISSIONS.has(permission);

export const ROLES: readonly Role[] = EVERYONE;

export const PERMISSIONS = Object.keys(ROLES_BY_PERMISSION) as readonly Permission[];

export function roleMay(role: Role, permission: Permission): boolean {
  return ROLES_BY_PERMISSION[permission].includes(role);
}

const ROLE_WORDS: Readonly<Record<Role, string>> = {
  owner: "an owner",
  admin: "an admin",
  member: "a member",
  viewer: "a viewer",
  billing: "whoever sees to billing",
};

/** For people whose role lacks a permission: whom they can ask. */
export function refusalOf(permission: Permission): string {
  const words = ROLES_BY_PERMISSION[permission].map((role) => ROLE_WORDS[role]);
  return `Your role does not allow this (${permission}). Ask ${new Intl.ListFormat("en-GB", { type: "disjunction" }).format(words)}.`;
}

/** The roles that somebody may give or take: those that allow nothing his own does not. */
export function rolesGrantableBy(role: Role): readonly Role[] {
  if (!roleMay(role, "members.manage")) return [];
  return ROLES.filter((other) =>
    PERMISSIONS.every((permission) => !roleMay(other, permission) || roleMay(role, permission)),
  );
}
