import { error } from "@sveltejs/kit";
import { authorizeProject } from "#lib/server/access/authorize.ts";
import { listOrganizations } from "#lib/server/access/organization.ts";
import { roleMay, type Permission } from "#lib/server/access/permissions.ts";
import { isDocsRoute } from "#lib/server/access/public-routes.ts";
import { DATABASE_GONE_SENTENCE } from "#lib/server/db/database-gone.ts";
import { orWithoutDatabase } from "#lib/server/db/without-database.ts";
import type { Principal } from "#lib/server/access/principal.ts";
import { projectsWithActiveKillSwitch } from "#lib/server/services/kill-switches/list.ts";
import { listProjects } from "#lib/server/services/projects/list.ts";
import type { LayoutServerLoad } from "./$types";

/** A console that starts together with its database needs a moment. */
const DATABASE_WAIT_MS = 8000;

/** Pages of a project that not everybody may open: the menu has them for those who may. */
const PERMISSION_BY_SECTION: Readonly<Record<string, Permission>> = {
  calls: "calls.read",
  billing: "billing.manage",
  audit: "audit.read",
};

/** Of a console that has nothing to say but its documentation. */
const EMPTY_MENU: Menu = {
  account: undefined,
  dataDir: undefined,
  organizations: [],
  projects: [],
  archivedProjects: [],
  closedSections: [],
  stoppedProjectIds: [],
};

export const load: LayoutServerLoad = async ({ locals, params, route, depends }) => {
  depends("lensai:projects");
  const menu = async (): Promise<Menu> => menuOf(locals, params["projectId"]);
  // What to do while the database is away is in the documentation.
  if (isDocsRoute(route.id)) {
    const isReady = await locals.console.databaseReady(0);
    const found = isReady ? await orWithoutDatabase(menu, undefined) : undefined;
    return { ...(found ?? EMPTY_MENU), maySignIn: found !== undefined };
  }
  if (!(await locals.console.databaseReady(DATABASE_WAIT_MS))) error(503, DATABASE_GONE_SENTENCE);
  return { ...(await menu()), maySignIn: true };
};

type Menu = Awaited<ReturnType<typeof menuOf>>;

async function menuOf(locals: App.Locals, projectId: string | undefined) {
  const { db } = locals.console.services;
  const { principal } = locals;
  const account = accountOf(principal);
  const organizations = (await listOrganizations(db, principal)).map(({ id, name, role }) => ({
    id,
    name,
    mayCreateProjects: roleMay(role, "project.manage"),
    mayReadAudit: roleMay(role, "audit.read"),
    mayManage: roleMay(role, "organization.manage"),
  }));
  const projects = await listProjects(db, { principal });
  const archivedProjects = await listProjects(db, { principal, state: "archived" });
  const projectIds = projects.map(({ id }) => id);
  return {
    account,
    /** What commands on this machine must be told; nobody else need know it. */
    dataDir: account === undefined ? undefined : locals.console.settings.dataDirOfCommands,
    organizations,
    projects,
    archivedProjects,
    closedSections: await closedSectionsOf(locals, projectId),
    stoppedProjectIds: await projectsWithActiveKillSwitch(db, projectIds),
  };
}

async function closedSectionsOf(
  locals: App.Locals,
  projectId: string | undefined,
): Promise<string[]> {
  if (projectId === undefined) return [];
  const access = await authorizeProject(locals, projectId, "project.read");
  if (access.outcome !== "granted") return [];
  return Object.entries(PERMISSION_BY_SECTION)
    .filter(([, permission]) => !access.may(permission))
    .map(([section]) => section);
}

/** What the menu shows of whoever looks; undefined before the sign-in. */
function accountOf(principal: Principal): { readonly email: string | undefined } | undefined {
  if (principal.kind === "user") return { email: principal.email };
  return principal.kind === "anonymous" ? undefined : { email: undefined };
}
