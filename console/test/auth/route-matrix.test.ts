import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPublicRoute } from "#lib/server/access/public-routes.ts";
import { roleMay, ROLES, type Role } from "#lib/server/access/permissions.ts";
import { createSessions } from "#lib/server/auth/sessions.ts";
import { openDatabase, type DatabaseClient } from "#lib/server/db/client.ts";
import { members } from "#lib/server/db/schema/members.ts";
import { organizations } from "#lib/server/db/schema/organizations.ts";
import { projects } from "#lib/server/db/schema/projects.ts";
import { openBrowser, type Browser } from "../support/browser.ts";
import {
  START_TIMEOUT_MS,
  startConsoleServer,
  type ConsoleServer,
} from "../support/console-server.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { routeIds } from "../support/route-files.ts";
import { ROUTE_RULES } from "./route-rules.ts";

/** Asks people to sign in, and shows each what is his. */
const PERSONAL_ROUTES = ["/", "/organizations/new", "/sign-out"];

let server: ConsoleServer;
let database: DatabaseClient;
const browsers = new Map<Role, Browser>();

beforeAll(async () => {
  const databaseUrl = await createEmptyDatabase();
  server = await startConsoleServer({
    DATABASE_URL: databaseUrl,
    HOST: "0.0.0.0",
    LENSAI_AUTH_SECRET: SECRET,
  });
  database = openDatabase(databaseUrl);
  const { db } = database;
  const createdAt = new Date();
  for (const id of ["acme", "rivals"]) {
    await db.insert(organizations).values({ id, name: id, slug: id, createdAt });
    await db.insert(projects).values({ id: `${id}-shop`, name: id, organizationId: id, createdAt });
  }
  const sessions = createSessions({
    db,
    secret: SECRET,
    publicOrigin: "http://localhost:3000",
    maySignUp: () => Promise.resolve(true),
  });
  for (const role of ROLES) {
    const token = await sessions.issueToken(`${role}@example.com`);
    const begun = await sessions.redeemToken(token, new Headers());
    if (begun === undefined) throw new Error("no session");
    const userId = begun.user.id;
    await db
      .insert(members)
      .values({ id: `m-${role}`, organizationId: "acme", userId, role, createdAt });
    const browser = openBrowser(server.url);
    for (const { name, value } of begun.cookies) browser.setCookie(name, encodeURIComponent(value));
    browsers.set(role, browser);
  }
}, START_TIMEOUT_MS);

afterAll(async () => {
  await server.stop();
  await database.close();
});

const SECRET = "a secret of the test that has enough letters";

/** What nobody has, besides those of the two organisations. */
const NOWHERE = "nowhere";

/** The address of a route for the things of one organisation. */
const pathOf = (route: string, organizationId: string): string =>
  route
    .replace("[projectId=projectId]", projectOf(organizationId))
    .replace("[organizationId=organizationId]", organizationId)
    .replace("[budgetId=budgetId]", "bud_none")
    .replace("[traceId=traceId]", "0af7651916cd43dd8448eb211c80319c")
    .replace("[spanId=spanId]", "b7ad6b7169203331")
    .replace("[batchId=batchId]", "0123456789abcdef0123456789abcdef")
    .replace("[recordOrdinal=recordOrdinal]", "0");

const projectOf = (organizationId: string): string =>
  organizationId === NOWHERE ? NOWHERE : `${organizationId}-shop`;

/** The address of a form. Asked as scripts do, the answer is no page. */
const submit = (browser: Browser, path: string, action: string): Promise<Response> =>
  browser.post(action === "default" ? path : `${path}?/${action}`, {}, JSON_ANSWER);

const JSON_ANSWER = { accept: "application/json", "x-sveltekit-action": "true" };

const browserOf = (role: Role): Browser => browsers.get(role) as Browser;

/** The status alone: some routes answer with a stream that does not end. */
async function statusOf(answering: Promise<Response>): Promise<number> {
  const answer = await answering;
  await answer.body?.cancel();
  return answer.status;
}

/** For each role. */
const statuses = async (
  ask: (browser: Browser) => Promise<Response>,
): Promise<Record<string, number>> => {
  const asked = ROLES.map(async (role) => [role, await statusOf(ask(browserOf(role)))] as const);
  return Object.fromEntries(await Promise.all(asked));
};

const byRole = (status: (role: Role) => number): Record<string, number> =>
  Object.fromEntries(ROLES.map((role) => [role, status(role)]));

/** Without the name that was asked for and what differs with every answer. */
async function textOf(answer: Response, name: string): Promise<string> {
  return (await answer.text())
    .replaceAll(name, "<name>")
    .replaceAll(/nonce-[\w+/=-]+|nonce="[^"]*"|__sveltekit_\w+|[0-9a-f]{16}/g, "");
}

const existing = new Set(routeIds());
const rules = ROUTE_RULES.filter(({ route }) => existing.has(route));

test("every route is public, personal, or has a rule", () => {
  const ruled = new Set(rules.map(({ route }) => route));
  const others = [...existing].filter((id) => !isPublicRoute(id) && !ruled.has(id));
  expect(others).toEqual(PERSONAL_ROUTES);
});

test.each(ROLES)(
  "the menu of a project has what the role %s may open, and nothing else",
  async (role) => {
    const home = "/projects/acme-shop";
    const html = await (await browserOf(role).get(home)).text();
    const menu = /<nav aria-label="Main".*?<\/nav>/s.exec(html)?.[0] ?? "";
    const offered = [...menu.matchAll(/href="([^"]+)"/g)]
      .map(([, href = ""]) => href)
      .filter((href) => href.startsWith(home));
    const found = await Promise.all(offered.map((href) => statusOf(browserOf(role).get(href))));
    expect(found).toEqual(offered.map(() => 200));
    const sections = rules.filter(({ route }) =>
      /^\/projects\/[^/]+\/(calls|billing|audit|alerts)$/.test(route),
    );
    const open = sections
      .filter(({ reads }) => roleMay(role, reads))
      .map(({ route }) => pathOf(route, "acme"));
    expect(offered).toEqual(expect.arrayContaining(open));
    expect(open.length).toBeGreaterThan(0);
  },
);

describe.each(rules)("$route", ({ route, reads, actions = {}, emptyStatus = 200 }) => {
  test(`reads with ${reads}`, async () => {
    const found = await statuses((browser) => browser.get(pathOf(route, "acme")));
    expect(found).toEqual(byRole((role) => (roleMay(role, reads) ? emptyStatus : 403)));
  });

  test("of others, looks as if it did not exist", async () => {
    for (const id of ["rivals", NOWHERE]) {
      const found = await statuses((browser) => browser.get(pathOf(route, id)));
      expect(found).toEqual(byRole(() => 404));
    }
    const texts = ["rivals", NOWHERE].map(async (id) => {
      const answer = await browserOf("owner").get(pathOf(route, id));
      return textOf(answer, route.startsWith("/projects") ? projectOf(id) : id);
    });
    const [foreign, missing] = await Promise.all(texts);
    expect(foreign).toBe(missing);
  });

  test.each(Object.entries(actions))("%s needs %s", async (action, permission) => {
    for (const id of ["rivals", NOWHERE]) {
      const found = await statuses((browser) => submit(browser, pathOf(route, id), action));
      expect(found).toEqual(byRole(() => 404));
    }
    // Allowed, an empty form gets as far as to what is wrong with it.
    const found = await statuses((browser) => submit(browser, pathOf(route, "acme"), action));
    const refused = ROLES.filter((role) => found[role] === 403);
    expect(refused).toEqual(ROLES.filter((role) => !roleMay(role, permission)));
  });

  test("leads nobody to anything but the sign-in", async () => {
    const browser = openBrowser(server.url);
    for (const id of ["acme", "rivals", NOWHERE]) {
      expect(await statusOf(browser.get(pathOf(route, id)))).toBe(303);
      for (const action of Object.keys(actions)) {
        expect(await statusOf(submit(browser, pathOf(route, id), action))).toBe(401);
      }
    }
  });
});
