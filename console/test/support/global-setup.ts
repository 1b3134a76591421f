import postgres from "postgres";
import type { TestProject } from "vitest/node";
import { migrateDatabase } from "../../src/lib/server/db/migrate.ts";
import { startTestPostgres } from "./test-postgres.ts";
import type { TestPostgres } from "./test-postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** An empty server's URL, without the database name: each test file creates its own. */
    postgresUrl: string;
    /** A database with the current schema, to copy, and the role that the console works as in it. */
    migrated: { readonly database: string; readonly role: string | undefined };
  }
}

let server: TestPostgres | undefined;

/** One real PostgreSQL for the whole run. */
export async function setup(project: TestProject): Promise<void> {
  server = await startTestPostgres();
  project.provide("postgresUrl", server.url);
  const database = "migrated";
  const admin = postgres(`${server.url}/postgres`, { max: 1 });
  await admin`create database ${admin(database)}`;
  await admin.end();
  const { role } = await migrateDatabase(`${server.url}/${database}`);
  project.provide("migrated", { database, role });
}

export async function teardown(): Promise<void> {
  await server?.stop();
}
