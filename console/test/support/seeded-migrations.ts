import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "drizzle-orm";
import { migrate } from "drizzle-orm/postgres-js/migrator";
import type { Database } from "#lib/server/db/client.ts";

const MIGRATIONS = join(import.meta.dirname, "../../src/lib/server/db/migrations");

interface Journal {
  readonly entries: readonly { readonly tag: string }[];
}

const journal = JSON.parse(readFileSync(join(MIGRATIONS, "meta/_journal.json"), "utf8")) as Journal;

/** Names of all migrations, the oldest first. */
export const MIGRATION_TAGS: readonly string[] = journal.entries.map(({ tag }) => tag);

/** Brings a database as far as this migration: as the console of its day did. */
export async function migrateThrough(db: Database, tag: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "lensai-some-migrations-"));
  try {
    const entries = journal.entries.slice(0, MIGRATION_TAGS.indexOf(tag) + 1);
    mkdirSync(join(folder, "meta"));
    writeFileSync(join(folder, "meta/_journal.json"), JSON.stringify({ ...journal, entries }));
    for (const entry of entries) {
      copyFileSync(join(MIGRATIONS, `${entry.tag}.sql`), join(folder, `${entry.tag}.sql`));
    }
    await migrate(db, { migrationsFolder: folder });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Columns of one row as text; null where the database has null. */
export type TextRow = Readonly<Record<string, string | null>>;

/** All rows of all tables, by table; in one statement, as there are many tables. */
export async function allRows(db: Database): Promise<Map<string, TextRow[]>> {
  const selects = (await tablesOf(db)).map(
    ({ table }) => sql`select ${table}::text as "table", array(
      select (select jsonb_object_agg(key, value) from jsonb_each_text(to_jsonb(whole_row)))
      from ${sql.identifier(table)} whole_row) as rows`,
  );
  const tables = await db.execute<{ table: string; rows: TextRow[] }>(
    sql.join(selects, sql` union all `),
  );
  return new Map(tables.map(({ table, rows }) => [table, rows]));
}

/**
 * Adds a row to every table. In columns that refer to others, or are referred to, stands the same; everywhere else a value
 * that says column and row, so that none can be taken for another. `values` are for columns that take few ("table.column").
 */
export async function addRowEverywhere(
  db: Database,
  number: number,
  values: Readonly<Record<string, string | number>>,
): Promise<void> {
  const tables = await tablesOf(db);
  await db.transaction(async (transaction) => {
    // Rows of tables that refer to each other come in any order.
    await transaction.execute(sql`set local session_replication_role = replica`);
    for (const { table, columns } of tables) {
      const filled = columns.filter(({ isFilled }) => isFilled);
      const given = filled.map(
        ({ name, type, isKey }) =>
          values[`${table}.${name}`] ?? (isKey ? `row-${number}` : valueOf(type, name, number)),
      );
      // On conflict: some tables have one row.
      await transaction.execute(sql`
        insert into ${sql.identifier(table)} (${sql.join(
          filled.map(({ name }) => sql.identifier(name)),
          sql`, `,
        )}) values (${sql.join(
          given.map((value, at) => sql`${String(value)}::text::${sql.raw(filled[at]?.type ?? "")}`),
          sql`, `,
        )}) on conflict do nothing`);
    }
  });
}

interface Table {
  readonly table: string;
  readonly columns: readonly Column[];
}

interface Column {
  readonly name: string;
  readonly type: string;
  /** Part of a foreign key, or pointed at by one. */
  readonly isKey: boolean;
  /** Not made by the database, and not one of those where only a few values are allowed and one is the default. */
  readonly isFilled: boolean;
}

async function tablesOf(db: Database): Promise<Table[]> {
  const rows = await db.execute<Table & Record<string, unknown>>(sql`
    select relname as "table", json_agg(json_build_object(
      'name', attname,
      'type', format_type(atttypid, null),
      'isKey', exists (select from pg_constraint c where c.contype = 'f'
        and (c.conrelid = t.oid and attnum = any (c.conkey) or c.confrelid = t.oid and attnum = any (c.confkey))),
      'isFilled', attidentity = '' and not (atthasdef and exists (select from pg_constraint c
        where c.contype = 'c' and c.conrelid = t.oid and attnum = any (c.conkey)))
    ) order by attnum) as columns
    from pg_class t join pg_attribute on attrelid = t.oid and attnum > 0 and not attisdropped
    where relkind = 'r' and relnamespace = 'public'::regnamespace group by relname`);
  return [...rows];
}

/** Above what a number in JavaScript holds exactly. */
const LARGE = 2n ** 53n + 1n;

function valueOf(type: string, column: string, number: number): string {
  const make = VALUES[type];
  if (make === undefined) throw new Error(`${column} is ${type}: add to VALUES what to put there`);
  return make(column, number);
}

const VALUES: Readonly<Record<string, (column: string, number: number) => string>> = {
  text: (column, number) => `${column}-${number}`,
  "text[]": (column, number) => `{${column}-${number},${column}-more}`,
  boolean: (_, number) => String(number % 2 === 0),
  smallint: (_, number) => String(number),
  integer: (column, number) => String(1000 * column.length + number),
  "integer[]": (_, number) => `{50,${number}}`,
  bigint: (column, number) => String(LARGE + BigInt(1000 * column.length + number)),
  "double precision": (_, number) => String(number + 0.25),
  "double precision[]": (_, number) => `{${number}.25,${number}.75}`,
  jsonb: (column, number) => JSON.stringify({ [column]: number }),
  bytea: (column, number) => String.raw`\x${Buffer.from(`${column}-${number}`).toString("hex")}`,
  date: (_, number) => new Date(Date.UTC(2026, 0, number + 1)).toISOString().slice(0, 10),
  "timestamp with time zone": (column, number) =>
    new Date(Date.UTC(2026, 0, number + 1, column.length)).toISOString(),
};
