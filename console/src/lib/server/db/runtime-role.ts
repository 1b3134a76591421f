import { sql, type SQL } from "drizzle-orm";
import type { Database } from "./client.ts";

/** As whom the console works once the database is prepared. */
export interface RuntimeRole {
  /** Undefined: as the owner of the tables, whose rights nothing limits but triggers. */
  readonly role: string | undefined;
  /** Why there is none, and what an administrator can do; undefined when there is one. */
  readonly problem: string | undefined;
}

const INSUFFICIENT_PRIVILEGE = "42501";
/** `duplicate_object` and `unique_violation`: a console of another database of the server was as quick. */
const EXISTS_ALREADY: ReadonlySet<unknown> = new Set(["42710", "23505"]);

/**
 * Makes the role that the console works as, and gives it its rights: rows of every table, and of the audit log and of
 * statements about prices to add and to read them, not to change or delete any. `db` has one connection, of the owner of the tables; run it after the
 * migrations, as new tables need rights too. Safe to repeat. Where the owner may neither create roles nor use one that
 * was created for it, there is no such role.
 */
export async function prepareRuntimeRole(db: Database): Promise<RuntimeRole> {
  const [found] = await db.execute<{ owner: string; schema: string }>(
    sql`select current_user as owner, current_schema() as schema`,
  );
  const { owner, schema } = found ?? { owner: "", schema: "" };
  const role = roleOf(owner);
  if (!(await mayCreate(db, role)) || !(await mayBecome(db, owner, role))) {
    return { role: undefined, problem: problemOf(owner, role) };
  }
  await grantRuntimeRights(db, schema, role);
  return { role, problem: undefined };
}

/** Rows of every table, and of those that only grow to add and to read them. */
export async function grantRuntimeRights(
  db: Database,
  schema: string,
  role: string,
): Promise<void> {
  const [named, within] = [sql.identifier(role), sql.identifier(schema)];
  await db.transaction(async (transaction) => {
    const run = (statement: SQL) => transaction.execute(statement);
    await run(sql`grant usage on schema ${within} to ${named}`);
    await run(
      sql`grant select, insert, update, delete on all tables in schema ${within} to ${named}`,
    );
    await run(sql`grant usage, select on all sequences in schema ${within} to ${named}`);
    await run(
      sql`revoke update, delete, truncate on audit_entries, price_statements from ${named}`,
    );
  });
}

/** Roles belong to the whole server: each owner has his own. PostgreSQL takes 63 bytes. */
const roleOf = (owner: string): string => `${owner.slice(0, 40)}_runtime`;

const problemOf = (owner: string, role: string): string =>
  `the user "${owner}" of the database may not create roles, so that a trigger alone keeps the audit log from being changed; an administrator can run: CREATE ROLE "${role}" NOLOGIN; GRANT "${role}" TO "${owner}"`;

/** True when the role exists in the end. */
async function mayCreate(db: Database, role: string): Promise<boolean> {
  const existing = await db.execute(sql`select from pg_roles where rolname = ${role}`);
  if (existing.length > 0) return true;
  const code = await failureOf(db, sql`create role ${sql.identifier(role)} nologin`);
  return code === undefined || EXISTS_ALREADY.has(code);
}

async function mayBecome(db: Database, owner: string, role: string): Promise<boolean> {
  const become = sql`set role ${sql.identifier(role)}`;
  if ((await failureOf(db, become)) !== undefined) {
    // Whoever has created a role may give it, to himself as well.
    const give = sql`grant ${sql.identifier(role)} to ${sql.identifier(owner)}`;
    if ((await failureOf(db, give)) !== undefined) return false;
    if ((await failureOf(db, become)) !== undefined) return false;
  }
  await db.execute(sql`reset role`);
  return true;
}

/** The code of PostgreSQL, where it is one that tells of rights; anything else is thrown. */
export async function failureOf(db: Database, statement: SQL): Promise<string | undefined> {
  try {
    await db.execute(statement);
    return undefined;
  } catch (error) {
    const { code } = ((error as Error).cause ?? error) as { code?: string };
    if (code === INSUFFICIENT_PRIVILEGE || EXISTS_ALREADY.has(code ?? "")) return code;
    throw error;
  }
}
