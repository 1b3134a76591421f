import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { sql } from "drizzle-orm";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import { openDatabase } from "./client.ts";
import { prepareRuntimeLogin } from "./runtime-login.ts";
import { prepareRuntimeRole, type RuntimeRole } from "./runtime-role.ts";

/** Carried inside the build, so that the server needs no source folder beside it. */
const migrationFiles = import.meta.glob<string>(
  ["./migrations/**/*.sql", "./migrations/**/*.json"],
  {
    query: "?raw",
    import: "default",
    eager: true,
  },
);

/** Any number that only this product's migrations use: it keeps two starting consoles apart. */
const MIGRATION_LOCK = 728_114_903;

/**
 * Brings the database to the newest schema, as the owner of its tables; answers as whom to use it. `loginUrl` is how the
 * console signs in where that is another user. Several consoles may call it at once.
 */
export async function migrateDatabase(ownerUrl: string, loginUrl?: string): Promise<RuntimeRole> {
  const folder = mkdtempSync(join(tmpdir(), "lensai-migrations-"));
  // An advisory lock belongs to one session, so one connection must do everything.
  const client = openDatabase(ownerUrl, { connectionsMax: 1, answerTimeoutSeconds: null });
  try {
    layOut(folder);
    await client.db.execute(sql`select pg_advisory_lock(${MIGRATION_LOCK})`);
    await migrate(client.db, { migrationsFolder: folder });
    const runtimeRole =
      loginUrl === undefined
        ? await prepareRuntimeRole(client.db)
        : await prepareRuntimeLogin(client.db, loginUrl);
    await client.db.execute(sql`select pg_advisory_unlock(${MIGRATION_LOCK})`);
    return runtimeRole;
  } finally {
    await client.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The migrator reads a folder. */
function layOut(folder: string): void {
  for (const [name, text] of Object.entries(migrationFiles)) {
    const file = join(folder, name.replace("./migrations/", ""));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
