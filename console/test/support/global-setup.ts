import type { TestProject } from "vitest/node";
import { startTestPostgres } from "./test-postgres.ts";
import type { TestPostgres } from "./test-postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** An empty server's URL, without the database name: each test file creates its own. */
    postgresUrl: string;
  }
}

let postgres: TestPostgres | undefined;

/** One real PostgreSQL for the whole run. */
export async function setup(project: TestProject): Promise<void> {
  postgres = await startTestPostgres();
  project.provide("postgresUrl", postgres.url);
}

export async function teardown(): Promise<void> {
  await postgres?.stop();
}
