import type { Role } from "./server/access/permissions.ts";

/** What each role may, in a few words; the whole table is in the documentation. */
export const ROLE_WORDS: Readonly<Record<Role, string>> = {
  owner: "everything",
  admin: "projects, keys, budgets, members",
  member: "reads calls, stops calls, manages alerts",
  viewer: "reads",
  billing: "reads spend, manages billing",
};
