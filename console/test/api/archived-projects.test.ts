import { afterAll, beforeAll, expect, test } from "vitest";
import { isReadPermission } from "#lib/server/access/permissions.ts";
import { hasProject } from "#lib/server/api/route.ts";
import { API_ROUTES } from "#lib/server/api/routes.ts";
import { listAuditEntries } from "#lib/server/services/audit/list.ts";
import { ofProject } from "#lib/server/services/audit/extent.ts";
import { listProjectIds } from "#lib/server/services/projects/list.ts";
import { buildSnapshot } from "#lib/server/services/snapshot/build.ts";
import {
  createKey,
  createMember,
  createTenant,
  startApi,
  type ApiUnderTest,
} from "../support/api-client.ts";

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
  for (const id of ["shop", "old"]) await createTenant(api.console, id);
  await api.ask("POST", "/projects/old/archive");
});
afterAll(() => api.stop());

interface Listed {
  readonly items: readonly { readonly id: string }[];
}
const listed = async (state = ""): Promise<string[]> => {
  const answer = await api.ask("GET", `/projects${state}`);
  return (answer.json as Listed).items.map(({ id }) => id);
};

const ofProjects = API_ROUTES.filter((route) => hasProject(route));

test.each(ofProjects.map((route) => [`${route.method} ${route.path}`, route] as const))(
  "an archived project can be read and not changed: %s",
  async (_, route) => {
    const path = route.path.replace("{projectId}", "old").replaceAll(/\{\w+\}/g, "x");
    const body = route.body === undefined ? {} : { body: {} };
    const answer = await api.ask(route.method, path, { ...body, headers: { "if-match": "*" } });
    const isRefused =
      (answer.json as { code?: string } | undefined)?.code === "auth.project_archived";
    expect(isRefused).toBe(!isReadPermission(route.permission) && !route.isForArchived);
    // What brings it back is tried as well: the next route meets it archived.
    await api.ask("POST", "/projects/old/archive");
  },
);

test("it is in no list by default, and in that of the archived ones", async () => {
  expect(await listed()).not.toContain("old");
  expect(await listed()).toContain("shop");
  expect(await listed("?state=archived")).toEqual(["old"]);
  expect(await listProjectIds(api.console.services.db)).not.toContain("old");
});

test("collectors are told, and its keys read and change nothing they should not", async () => {
  const { projects } = await buildSnapshot(api.console.services.db);
  expect(projects.find(({ id }) => id === "old")).toMatchObject({ archived: true });
  expect(projects.find(({ id }) => id === "shop")).not.toHaveProperty("archived");
  const reading = await createKey(api.console, "old", ["read"]);
  expect((await api.ask("GET", "/projects/old", { key: reading })).status).toBe(200);
  const controlling = await createKey(api.console, "old", ["control"]);
  const body = { scope: {}, reason: "a test" };
  const stop = await api.ask("POST", "/projects/old/kill-switches", { key: controlling, body });
  expect([stop.status, (stop.json as { code: string }).code]).toEqual([
    403,
    "auth.project_archived",
  ]);
});

test("archiving and restoring are in the audit log, once each, and restoring brings all back", async () => {
  await createTenant(api.console, "twice");
  const { db } = api.console.services;
  for (const verb of ["archive", "archive", "restore", "restore"]) {
    expect((await api.ask("POST", `/projects/twice/${verb}`)).status).toBe(200);
  }
  const entries = await listAuditEntries(db, {
    extent: ofProject("twice"),
    beforeSequence: undefined,
    limit: 10,
  });
  expect(entries.map(({ action }) => action)).toEqual([
    "project.restore",
    "project.archive",
    "project.create",
  ]);
  const answer = await api.ask("GET", "/projects/twice");
  expect(answer.json).toMatchObject({ archivedAt: null, version: 3 });
  const key = await api.ask("POST", "/projects/twice/keys", {
    body: { name: "x", scopes: ["read"] },
  });
  expect(key.status).toBe(201);
});

test("whoever may not manage a project is told that first, and somebody else nothing", async () => {
  const viewer = { as: await createMember(api.console, "old", "viewer") };
  const stranger = { as: await createMember(api.console, "shop", "owner") };
  const body = { name: "x", scopes: ["read"] };
  const refused = await api.ask("POST", "/projects/old/keys", { ...viewer, body });
  expect((refused.json as { code: string }).code).toBe("auth.permission_missing");
  expect((await api.ask("POST", "/projects/old/restore", viewer)).status).toBe(403);
  expect((await api.ask("POST", "/projects/old/restore", stranger)).status).toBe(404);
});
