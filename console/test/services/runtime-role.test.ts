import { randomBytes } from "node:crypto";
import { sql } from "drizzle-orm";
import postgres from "postgres";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { openDatabase, type DatabaseClient } from "#lib/server/db/client.ts";
import { migrateDatabase } from "#lib/server/db/migrate.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let owner: DatabaseClient;

beforeAll(async () => {
  database = await createTestDatabase();
  await ensureProject(database.services, { id: "shop", name: "Shop" }, "ann");
  owner = openDatabase(database.url);
});
afterAll(() => Promise.all([database.close(), owner.close()]));

const CHANGES = [
  sql`update audit_entries set actor = 'nobody'`,
  sql`delete from audit_entries`,
  sql`truncate audit_entries`,
  sql`alter table audit_entries disable trigger all`,
  sql`drop table audit_entries`,
];

test.each(CHANGES)(
  "the console's own connection may not change the audit log (%#)",
  async (change) => {
    await expect(database.db.execute(change)).rejects.toMatchObject({
      cause: { code: "42501", message: expect.stringMatching(/permission denied|must be owner/) },
    });
  },
);

test("it may add to the log and read it, and the owner is kept off by the trigger", async () => {
  const { db, services } = database;
  await ensureProject(services, { id: "bank", name: "Bank" }, "ann");
  const rows = await db.execute(sql`select count(*)::int as entries from audit_entries`);
  expect(rows).toEqual([{ entries: 2 }]);
  await expect(owner.db.execute(CHANGES[1]!)).rejects.toMatchObject({
    cause: { message: "the audit log only grows: DELETE is refused" },
  });
});

/** A database of a user who is no superuser, as at most providers. */
async function createOwnedDatabase(attributes: string): Promise<{
  readonly url: string;
  readonly user: string;
  readonly admin: postgres.Sql;
}> {
  const user = `owner_${randomBytes(4).toString("hex")}`;
  const server = new URL(inject("postgresUrl"));
  const admin = postgres(`${server.href}/postgres`.replace("//postgres", "/postgres"), { max: 1 });
  await admin.unsafe(`create role ${user} login password 'test' ${attributes}`);
  await admin.unsafe(`create database ${user} owner ${user}`);
  server.username = user;
  return { url: `${server.href.replace(/\/$/, "")}/${user}`, user, admin };
}

test("a user who may create roles gets one", async () => {
  const { url, user, admin } = await createOwnedDatabase("createrole");
  expect(await migrateDatabase(url)).toEqual({ role: `${user}_runtime`, problem: undefined });
  // The second start finds it.
  expect(await migrateDatabase(url)).toEqual({ role: `${user}_runtime`, problem: undefined });
  const client = openDatabase(url);
  client.actAs(`${user}_runtime`);
  await expect(client.db.execute(CHANGES[0]!)).rejects.toMatchObject({ cause: { code: "42501" } });
  await Promise.all([client.close(), admin.end()]);
});

test("a user who may not is told what an administrator can do, which then helps", async () => {
  const { url, user, admin } = await createOwnedDatabase("");
  const { role, problem } = await migrateDatabase(url);
  expect(role).toBeUndefined();
  const help = /CREATE ROLE .*$/.exec(problem ?? "")?.[0] ?? "";
  expect(help).toBe(`CREATE ROLE "${user}_runtime" NOLOGIN; GRANT "${user}_runtime" TO "${user}"`);
  await admin.unsafe(help);
  expect(await migrateDatabase(url)).toEqual({ role: `${user}_runtime`, problem: undefined });
  await admin.end();
});
