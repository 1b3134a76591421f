import { randomBytes } from "node:crypto";
import { sql, type SQL } from "drizzle-orm";
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

test.each([sql`update price_statements set number = 1`, sql`delete from price_statements`])(
  "nor what projects have said about prices (%#)",
  async (change) => {
    await expect(database.db.execute(change)).rejects.toMatchObject({ cause: { code: "42501" } });
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

// As at most providers, and as in the containers, whose image makes its first user a superuser.
test.each(["createrole", "superuser"])(
  "a console that signs in as another user than the owner (%s) has nothing to go back to",
  async (attributes) => {
    const { url, user, admin } = await createOwnedDatabase(attributes);
    const login = new URL(url);
    [login.username, login.password] = [`${user}_console`, "a word 'of' its own"];
    for (let start = 0; start < 2; start += 1)
      expect(await migrateDatabase(url, login.href)).toEqual({
        role: undefined,
        problem: undefined,
      });
    const client = openDatabase(login.href, { connectionsMax: 1 });
    const run = (statement: SQL): Promise<unknown> => client.db.execute(statement);
    expect(await run(sql`select current_user`)).toEqual([{ current_user: `${user}_console` }]);
    for (const change of CHANGES) {
      await run(sql`reset role`);
      await expect(run(change)).rejects.toMatchObject({ cause: { code: "42501" } });
    }
    for (const become of [user, `${user}_runtime`, "postgres"])
      await expect(run(sql`set role ${sql.identifier(become)}`)).rejects.toMatchObject({
        cause: { message: expect.stringMatching(/permission denied|does not exist/) },
      });
    await expect(run(sql`create table mine (n int)`)).rejects.toMatchObject({
      cause: { code: "42501" },
    });
    const context = { ...database.services, db: client.db };
    await ensureProject(context, { id: "shop", name: "Shop" }, "ann");
    expect(await run(sql`select action from audit_entries`)).toHaveLength(1);
    await admin.unsafe(`grant pg_write_all_data to ${user}_console`);
    const { problem } = await migrateDatabase(url, login.href);
    expect(problem).toContain(`REVOKE pg_write_all_data FROM "${user}_console"`);
    await Promise.all([client.close(), admin.end()]);
  },
);

test("a login that cannot be is refused with what to do, and without its password", async () => {
  const { url, user, admin } = await createOwnedDatabase("");
  await expect(migrateDatabase(url, url)).rejects.toThrow(/who owns the tables/);
  const login = new URL(url);
  [login.username, login.password] = [`${user}_console`, "hidden"];
  const failed = await migrateDatabase(url, login.href).catch((error: unknown) => error);
  expect(String(failed)).toContain(`CREATE ROLE "${user}_console" LOGIN`);
  expect(String(failed)).not.toContain("hidden");
  await admin.unsafe(`create role ${user}_console login password 'hidden'`);
  expect(await migrateDatabase(url, login.href)).toEqual({ role: undefined, problem: undefined });
  const elsewhere = new URL(login.href);
  elsewhere.pathname = "/postgres";
  await expect(migrateDatabase(url, elsewhere.href)).rejects.toThrow(/does not lead to the tables/);
  await admin.end();
});
