import { createHash, createHmac, pbkdf2Sync, randomBytes } from "node:crypto";
import { sql } from "drizzle-orm";
import type { Database } from "./client.ts";
import { openDatabase } from "./client.ts";
import { failureOf, grantRuntimeRights, type RuntimeRole } from "./runtime-role.ts";

interface Login {
  readonly name: string;
  /** "" where PostgreSQL asks for none. */
  readonly password: string;
}

/**
 * Prepares the user that the console signs in as, where that is not the owner of the tables: makes it when it is not
 * there, and gives it the rights of the runtime role. `db` is the owner's, `url` is how the user signs in. Safe to
 * repeat. Unlike a role that the owner takes on, such a user has nothing to go back to, so long as it can become
 * nobody else: `problem` says when it can. Throws when the user cannot sign in, or does not find the tables.
 */
export async function prepareRuntimeLogin(db: Database, url: string): Promise<RuntimeRole> {
  const login = loginIn(url);
  const [found] = await db.execute<{ owner: string; schema: string }>(
    sql`select current_user as owner, current_schema() as schema`,
  );
  const { owner, schema } = found ?? { owner: "", schema: "" };
  if (login.name === owner)
    throw new Error(`DATABASE_URL signs in as "${owner}", who owns the tables: name another user`);
  await makeLogin(db, login, owner);
  await grantRuntimeRights(db, schema, login.name);
  await checkSignIn(url);
  return { role: undefined, problem: await problemOf(db, login.name) };
}

function loginIn(url: string): Login {
  const { username, password } = new URL(url);
  if (username === "") throw new Error("DATABASE_URL names no user");
  return { name: decodeURIComponent(username), password: decodeURIComponent(password) };
}

async function makeLogin(db: Database, { name, password }: Login, owner: string): Promise<void> {
  const existing = await db.execute(sql`select from pg_roles where rolname = ${name}`);
  if (existing.length > 0) return;
  const secret = password === "" ? "" : ` password '${scramVerifier(password)}'`;
  const create = sql`create role ${sql.identifier(name)} login${sql.raw(secret)}`;
  if ((await failureOf(db, create)) !== undefined)
    throw new Error(
      `there is no user "${name}" of DATABASE_URL, and the user "${owner}" may not create it; an administrator can run: CREATE ROLE "${name}" LOGIN PASSWORD '…'`,
    );
}

/** As PostgreSQL keeps passwords (RFC 5803): statements are logged, and this one has none in it. */
function scramVerifier(password: string): string {
  const [salt, rounds] = [randomBytes(16), 4_096];
  const salted = pbkdf2Sync(password.normalize("NFKC"), salt, rounds, 32, "sha256");
  const keyOf = (text: string): Buffer => createHmac("sha256", salted).update(text).digest();
  const stored = createHash("sha256").update(keyOf("Client Key")).digest("base64");
  const server = keyOf("Server Key").toString("base64");
  return `SCRAM-SHA-256$${rounds}:${salt.toString("base64")}$${stored}:${server}`;
}

/** The two URLs may be of two databases, and the password may be another. */
async function checkSignIn(url: string): Promise<void> {
  const client = openDatabase(url, { connectionsMax: 1 });
  try {
    const [seen] = await client.db.execute<{ isThere: boolean }>(
      sql`select to_regclass('audit_entries') is not null as "isThere"`,
    );
    if (seen?.isThere !== true)
      throw new Error(
        "DATABASE_URL does not lead to the tables that LENSAI_MIGRATE_DATABASE_URL has prepared",
      );
  } finally {
    await client.close();
  }
}

async function problemOf(db: Database, name: string): Promise<string | undefined> {
  const [can] = await db.execute<{ all: boolean; become: string }>(sql`
    select rolsuper or rolcreaterole as all, (
      select coalesce(string_agg(quote_ident(granted.rolname), ', ' order by granted.rolname), '')
      from pg_auth_members membership join pg_roles granted on granted.oid = membership.roleid
      where membership.member = login.oid) as become
    from pg_roles login where rolname = ${name}`);
  if (can?.all === true)
    return `the user "${name}" of DATABASE_URL may do everything, so that a trigger alone keeps the audit log from being changed; an administrator can run: ALTER ROLE "${name}" NOSUPERUSER NOCREATEROLE`;
  if (can === undefined || can.become === "") return undefined;
  return `the user "${name}" of DATABASE_URL has the rights of others as well; an administrator can run: REVOKE ${can.become} FROM "${name}"`;
}
