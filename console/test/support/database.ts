import { randomBytes } from "node:crypto";
import { sql } from "drizzle-orm";
import postgres from "postgres";
import { inject } from "vitest";
import { openDatabase, type Database, type DatabaseClient } from "#lib/server/db/client.ts";
import type { ServiceContext } from "#lib/server/services/context.ts";
import type { Transaction } from "#lib/server/services/snapshot/raise-version.ts";

export interface TestDatabase extends DatabaseClient {
  readonly url: string;
  /** Services with a clock that advances one second per call and random bytes that count up. */
  readonly services: ServiceContext;
}

/** A new database with the current schema, and its services. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const url = await createMigratedDatabase();
  const { role } = inject("migrated");
  const client = openDatabase(url);
  // As the console does: what its services may not do fails in their tests, too.
  if (role !== undefined) client.actAs(role);
  let calls = 0;
  const services: ServiceContext = {
    db: client.db,
    now: () => new Date(Date.UTC(2026, 10, 1, 0, 0, (calls += 1))),
    randomBytes: (length) => {
      calls += 1;
      return new Uint8Array(length).fill(calls);
    },
  };
  return { ...client, url, services };
}

/** With the rights of the owner of the tables: for what no service may do. */
export function asOwner<T>(
  db: Database,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  return db.transaction(async (transaction) => {
    await transaction.execute(sql`set local role none`);
    return work(transaction);
  });
}

/** The URL of a new database with the current schema: a copy, which takes a tenth of what migrating one does. */
export const createMigratedDatabase = (): Promise<string> =>
  createDatabase(inject("migrated").database);

/** The URL of a new database without any table. */
export const createEmptyDatabase = (): Promise<string> => createDatabase("template1");

async function createDatabase(template: string): Promise<string> {
  const serverUrl = inject("postgresUrl");
  const name = `test_${randomBytes(6).toString("hex")}`;
  const admin = postgres(`${serverUrl}/postgres`, { max: 1 });
  await admin`create database ${admin(name)} template ${admin(template)}`;
  await admin.end();
  return `${serverUrl}/${name}`;
}
