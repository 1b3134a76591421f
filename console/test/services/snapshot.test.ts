import { parseControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { afterAll, expect, test } from "vitest";
import type { Database } from "#lib/server/db/client.ts";
import { apiKeys } from "#lib/server/db/schema/api-keys.ts";
import { controlVersions } from "#lib/server/db/schema/control-versions.ts";
import { projects } from "#lib/server/db/schema/projects.ts";
import { LOCAL_OWNER } from "#lib/server/access/principal.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { findProject, listProjects } from "#lib/server/services/projects/list.ts";
import { buildSnapshot, serializeSnapshot } from "#lib/server/services/snapshot/build.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const open: TestDatabase[] = [];
afterAll(() => Promise.all(open.map((database) => database.close())));

async function newDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase();
  open.push(database);
  return database;
}

const AT = new Date("2026-11-01T00:00:00Z");

async function fill(db: Database, order: readonly number[]): Promise<void> {
  await db.insert(controlVersions).values({ version: 7, changedAt: AT });
  for (const n of order) {
    await db
      .insert(projects)
      .values({ id: `p${n}`, name: `Project ${n}`, organizationId: "default", createdAt: AT });
    await db.insert(apiKeys).values({
      id: `key_${n}`,
      projectId: `p${n}`,
      prefix: "",
      last4: "0000",
      sha256: Buffer.alloc(32, n),
      scopes: n % 2 === 0 ? ["read", "ingest"] : ["ingest", "read"],
      createdAt: AT,
    });
  }
}

test("gives the same bytes for the same rows, whatever order they were written in", async () => {
  const [one, two] = [await newDatabase(), await newDatabase()];
  await fill(one.db, [1, 2, 3, 4]);
  await fill(two.db, [3, 1, 4, 2]);
  const first = serializeSnapshot(await buildSnapshot(one.db));
  expect(first.etag).toBe('"7"');
  expect(serializeSnapshot(await buildSnapshot(two.db)).json).toBe(first.json);
});

test("is what collectors can parse", async () => {
  const { db } = await newDatabase();
  await fill(db, [1, 2]);
  const snapshot = await buildSnapshot(db);
  expect(parseControlSnapshot(JSON.parse(serializeSnapshot(snapshot).json))).toEqual(snapshot);
  expect(snapshot.issuedAt).toBe("2026-11-01T00:00:00.000Z");
});

test("is version 0 and empty before the first change", async () => {
  const { db } = await newDatabase();
  expect(await buildSnapshot(db)).toMatchObject({ version: 0, projects: [], keys: [] });
});

test("creates a project once, and the second time changes nothing", async () => {
  const { services, db } = await newDatabase();
  expect(await ensureProject(services, { id: "a", name: "A" })).toEqual({ isNew: true });
  const snapshot = await buildSnapshot(db);
  expect(await ensureProject(services, { id: "a", name: "Renamed" })).toEqual({ isNew: false });
  expect(await buildSnapshot(db)).toEqual(snapshot);
});

test("lists projects by name and finds them by id", async () => {
  const { services, db } = await newDatabase();
  await ensureProject(services, { id: "z", name: "Alpha" });
  await ensureProject(services, { id: "a", name: "Omega" });
  expect(await listProjects(db, { principal: LOCAL_OWNER })).toEqual([
    { id: "z", name: "Alpha" },
    { id: "a", name: "Omega" },
  ]);
  expect(await findProject(db, "a")).toEqual({ id: "a", name: "Omega" });
  expect(await findProject(db, "nowhere")).toBeUndefined();
});

test("keeps every version when many changes happen at once", async () => {
  const { services, db } = await newDatabase();
  await Promise.all(
    Array.from({ length: 10 }, (_, n) => ensureProject(services, { id: `c${n}`, name: `C ${n}` })),
  );
  expect((await buildSnapshot(db)).version).toBe(10);
});
