import type { KeyScope } from "@lensai/otel-config/control/keys";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { principalOfApiKey } from "#lib/server/access/api-key-principal.ts";
import {
  authorizeProject,
  projectForApi,
  projectForPage,
  type ProjectAccess,
} from "#lib/server/access/authorize.ts";
import {
  PERMISSIONS,
  refusalOf,
  ROLES,
  roleMay,
  rolesGrantableBy,
  type Permission,
} from "#lib/server/access/permissions.ts";
import {
  ANONYMOUS,
  CONTROL_TOKEN,
  LOCAL_OWNER,
  type Principal,
} from "#lib/server/access/principal.ts";
import { principalWithoutCredentials } from "#lib/server/access/resolve-principal.ts";
import { apiKeys } from "#lib/server/db/schema/api-keys.ts";
import { members } from "#lib/server/db/schema/members.ts";
import { organizations } from "#lib/server/db/schema/organizations.ts";
import { createApiKey } from "#lib/server/services/api-keys/create.ts";
import { revokeApiKey } from "#lib/server/services/api-keys/revoke.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { listProjects } from "#lib/server/services/projects/list.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createUser, userPrincipal } from "../support/users.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  const { db, services } = database;
  const createdAt = services.now();
  await db.insert(organizations).values({ id: "acme", name: "Acme", slug: "acme", createdAt });
  await ensureProject(services, { id: "shop", name: "Shop", organizationId: "acme" });
  await ensureProject(services, { id: "bank", name: "Bank" });
  for (const role of ROLES) {
    await createUser(services, { id: role });
    const member = { id: `m_${role}`, organizationId: "acme", userId: role, role, createdAt };
    await db.insert(members).values(member);
  }
  await createUser(services, { id: "stranger" });
});

afterAll(() => database.close());

const localsOf = (principal: Principal): App.Locals =>
  ({ console: { services: database.services }, principal, requestId: "test" }) as App.Locals;

const ask = (
  principal: Principal,
  projectId: string,
  permission: Permission,
): Promise<ProjectAccess> => authorizeProject(localsOf(principal), projectId, permission);

async function keyPrincipal(scopes: readonly KeyScope[]): Promise<Principal & { keyId: string }> {
  const { key } = await createApiKey(database.services, { projectId: "shop", scopes }, "ann");
  const principal = await principalOfApiKey(database.services, key);
  if (typeof principal === "string") throw new Error(principal);
  return principal;
}

async function permissionsOf(principal: Principal): Promise<Permission[]> {
  const outcomes = PERMISSIONS.map(async (permission) => {
    const { outcome } = await ask(principal, "shop", permission);
    return outcome === "granted" ? [permission] : [];
  });
  return (await Promise.all(outcomes)).flat();
}

const listed = (principal: Principal) => listProjects(database.db, { principal });

describe("people", () => {
  test.each(ROLES)(
    "the role %s may what the table says, in projects of its organisation",
    async (role) => {
      for (const permission of PERMISSIONS) {
        const access = await ask(userPrincipal(role), "shop", permission);
        expect(access.outcome).toBe(roleMay(role, permission) ? "granted" : "refused");
        if (access.outcome !== "granted") continue;
        expect(access).toMatchObject({ project: { id: "shop" }, actor: `user:${role}`, role });
        for (const other of PERMISSIONS) expect(access.may(other)).toBe(roleMay(role, other));
      }
    },
  );

  test("the project of another organisation looks like one that does not exist", async () => {
    for (const principal of [userPrincipal("owner"), userPrincipal("stranger")]) {
      expect(await ask(principal, "bank", "project.read")).toEqual({ outcome: "unknown" });
      expect(await ask(principal, "nowhere", "project.read")).toEqual({ outcome: "unknown" });
      const bodies = await Promise.all(
        ["bank", "nowhere"].map(async (id) => {
          const answer = await projectForApi(localsOf(principal), id, "project.manage");
          if (!(answer instanceof Response)) throw new Error("granted");
          return `${answer.status} ${(await answer.text()).replace(id, "<id>")}`;
        }),
      );
      expect(bodies[0]).toBe(bodies[1]);
      for (const id of ["bank", "nowhere"]) {
        await expect(projectForPage(localsOf(principal), id, "project.read")).rejects.toMatchObject(
          {
            status: 404,
            body: { message: `There is no project "${id}".` },
          },
        );
      }
    }
  });

  test("see the projects of their organisations alone", async () => {
    expect(await listed(userPrincipal("viewer"))).toEqual([{ id: "shop", name: "Shop" }]);
    expect(await listed(userPrincipal("stranger"))).toEqual([]);
    expect(await listed(ANONYMOUS)).toEqual([]);
    expect((await listed(LOCAL_OWNER)).map(({ id }) => id)).toEqual(["bank", "shop"]);
  });

  test("are told which permission is missing", async () => {
    const locals = localsOf(userPrincipal("viewer"));
    await expect(projectForPage(locals, "shop", "budgets.manage")).rejects.toMatchObject({
      status: 403,
      body: { message: expect.stringContaining("budgets.manage") as string },
    });
    const answer = (await projectForApi(locals, "shop", "budgets.manage")) as Response;
    expect(answer.status).toBe(403);
    expect(await answer.json()).toMatchObject({ code: "auth.permission_missing" });
  });

  test("without a session are led to the sign-in, and programs get 401", async () => {
    const locals = localsOf(ANONYMOUS);
    await expect(projectForPage(locals, "shop", "project.read")).rejects.toMatchObject({
      status: 303,
      location: "/sign-in?next=%2Fprojects%2Fshop",
    });
    expect(((await projectForApi(locals, "shop", "project.read")) as Response).status).toBe(401);
  });
});

test("whoever may not do something is told who may", () => {
  expect(refusalOf("organization.manage")).toMatch(/Ask an owner\.$/);
  expect(refusalOf("billing.manage")).toMatch(/Ask an owner or whoever sees to billing\.$/);
  expect(refusalOf("alerts.manage")).toMatch(/Ask an owner, an admin or a member\.$/);
});

test("nobody grants a role that may what his own may not", () => {
  expect(rolesGrantableBy("owner")).toEqual(ROLES);
  expect(rolesGrantableBy("admin")).toEqual(["admin", "member", "viewer"]);
  for (const role of ["member", "viewer", "billing"] as const) {
    expect(rolesGrantableBy(role)).toEqual([]);
  }
});

test("the local owner and the control token may everything", async () => {
  for (const principal of [LOCAL_OWNER, CONTROL_TOKEN]) {
    for (const permission of PERMISSIONS) {
      expect((await ask(principal, "bank", permission)).outcome).toBe("granted");
    }
    expect(await ask(principal, "nowhere", "project.read")).toEqual({ outcome: "unknown" });
  }
});

describe("API keys", () => {
  test("open their own project, as far as their scopes go", async () => {
    expect(await permissionsOf(await keyPrincipal(["ingest"]))).toEqual([]);
    expect(await permissionsOf(await keyPrincipal(["read"]))).toEqual(
      PERMISSIONS.filter(
        (permission) => roleMay("viewer", permission) || permission === "export.read",
      ),
    );
    expect(await permissionsOf(await keyPrincipal(["control"]))).toEqual([
      "project.read",
      "budgets.manage",
      "kill_switches.manage",
      "prices.manage",
    ]);
    const both = await keyPrincipal(["read", "control"]);
    expect(await ask(both, "bank", "project.read")).toEqual({ outcome: "unknown" });
    expect(both.actor).toBe(`key:${both.keyId}`);
  });

  test("open nothing once revoked or expired, and unknown ones never did", async () => {
    const { services, db } = database;
    const { id: keyId, key } = await createApiKey(
      services,
      { projectId: "shop", scopes: ["read"] },
      "ann",
    );
    await db.update(apiKeys).set({ expiresAt: new Date(0) });
    expect(await principalOfApiKey(services, key)).toBe("expired");
    await revokeApiKey(services, { projectId: "shop", keyId }, "ann");
    expect(await principalOfApiKey(services, key)).toBe("revoked");
    expect(await principalOfApiKey(services, `${key}x`)).toBe("invalid");
  });
});

describe("the local owner", () => {
  const local = { bindAddress: "127.0.0.1", origin: undefined, allowedHosts: [] };
  const ofLocal = principalWithoutCredentials(new Headers(), local);

  test("is whoever asks a console that nobody else can reach", () => {
    expect(ofLocal).toBe(LOCAL_OWNER);
    const named = { ...local, origin: "http://localhost:3000", allowedHosts: ["localhost"] };
    expect(principalWithoutCredentials(new Headers(), named)).toBe(LOCAL_OWNER);
  });

  test.each([
    [{ ...local, bindAddress: "0.0.0.0" }],
    [{ ...local, bindAddress: undefined }],
    [{ ...local, origin: "https://lensai.example.com" }],
    [{ ...local, allowedHosts: ["lensai.internal"] }],
  ])("is nobody where others may come in: %j", (policy) => {
    expect(principalWithoutCredentials(new Headers(), policy)).toBe(ANONYMOUS);
  });

  test.each(["forwarded", "x-forwarded-for", "x-forwarded-host", "via"])(
    "is nobody who comes through a proxy that says so with %s",
    (name) => {
      const headers = new Headers({ [name]: "203.0.113.7" });
      expect(principalWithoutCredentials(headers, local)).toBe(ANONYMOUS);
    },
  );
});
