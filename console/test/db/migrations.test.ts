import { sql } from "drizzle-orm";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openDatabase, type DatabaseClient } from "#lib/server/db/client.ts";
import { migrateDatabase } from "#lib/server/db/migrate.ts";
import { recordAcknowledgements } from "#lib/server/services/receipts/record.ts";
import { propagationOf } from "#lib/server/services/receipts/propagation.ts";
import { createEmptyDatabase } from "../support/database.ts";
import {
  addRowEverywhere,
  allRows,
  MIGRATION_TAGS,
  migrateThrough,
  type TextRow,
} from "../support/seeded-migrations.ts";

let url = "";
let client: DatabaseClient;

beforeEach(async () => {
  url = await createEmptyDatabase();
  client = openDatabase(url, { connectionsMax: 1 });
});
afterEach(() => client.close());

const without = (column: string, row: TextRow): TextRow =>
  Object.fromEntries(Object.entries(row).filter(([name]) => name !== column));

/** What a row becomes by a migration. Where nothing is said it is as it was. */
const CHANGES: Readonly<Record<string, Readonly<Record<string, (row: TextRow) => TextRow>>>> = {
  "0002_signing_secrets": { projects: (row) => ({ ...row, require_signature: "false" }) },
  "0003_accounts": { projects: (row) => ({ ...row, organization_id: "default" }) },
  "0009_api": { projects: (row) => ({ ...row, version: "1" }) },
  "0010_receipts": {
    projects: (row) => ({ ...row, announced_version: null, max_staleness_seconds: null }),
  },
  "0012_lease_gone": { budget_leases: (row) => ({ ...row, is_gone: "false" }) },
  "0013_leases_and_staleness": {
    projects: (row) => ({ ...row, stale_mode: "closed" }),
    budget_leases: (row) => without("is_gone", row),
  },
  "0014_organization_versions": { organizations: (row) => ({ ...row, version: "1" }) },
  "0016_project_archive": { projects: (row) => ({ ...row, archived_at: null }) },
  "0017_uncertain_spend": { budget_leases: (row) => ({ ...row, uncertain_nano_usd: "0" }) },
  "0020_receipts_together": {
    receipts: ({ instance_id: instance, service_name: service, known_after_ms: ms, ...row }) => ({
      ...row,
      instance_ids: `["${instance}"]`,
      service_names: `["${service}"]`,
      known_after_ms: `[${ms}]`,
    }),
  },
};

/** Rows that a migration brings with it. */
const ADDED: Readonly<Record<string, number>> = { "0003_accounts organizations": 1 };

/** For columns that take only some values. */
const ALLOWED = { "members.role": "owner", "invitations.role": "billing", "ledger_hearing.id": 1 };

test("every migration keeps the rows there are, whenever they came, and what each says", async () => {
  let before = new Map<string, TextRow[]>();
  for (const [at, tag] of MIGRATION_TAGS.entries()) {
    await migrateThrough(client.db, tag);
    const after = await allRows(client.db);
    for (const [table, rows] of before) {
      const change = CHANGES[tag]?.[table] ?? ((row) => row);
      const expected = rows.map((row) => expect.objectContaining(change(row)));
      const found = { tag, table, rows: after.get(table) };
      expect(found).toEqual({ tag, table, rows: expect.arrayContaining(expected) });
      const count = rows.length + (ADDED[`${tag} ${table}`] ?? 0);
      expect({ ...found, rows: found.rows?.length }).toEqual({ tag, table, rows: count });
    }
    await addRowEverywhere(client.db, at + 1, ALLOWED);
    before = await allRows(client.db);
    expect([...before].filter(([, rows]) => rows.length === 0)).toEqual([]);
  }
});

const told = (instanceId: string) => ({
  projectId: "shop",
  instanceId,
  serviceName: "checkout",
  kind: "guard" as const,
  version: 6,
  heldMs: 8000,
  runningMs: 3_600_000,
  isConnected: true,
});

test("receipts that came one by one are counted, and later ones with them", async () => {
  const { db } = client;
  await migrateThrough(db, "0019_price_statements");
  await db.execute(sql`insert into projects (id, name, organization_id, created_at)
    values ('shop', 'Shop', 'default', '2026-11-24T07:00:00Z')`);
  await db.execute(sql`
    insert into announcements (subject_id, kind, project_id, version, announced_at, announced_by)
    values ('stop', 'trigger', 'shop', 5, '2026-11-24T08:00:00Z', 'ann'),
      ('stop', 'release', 'shop', 6, '2026-11-24T08:00:10Z', 'ann')`);
  await db.execute(sql`
    insert into processes (project_id, instance_id, service_name, kind, collector_id, version, started_at, is_connected, seen_at)
    select 'shop', id, 'checkout', 'guard', 'c', version, '2026-11-24T07:30:00Z', true, '2026-11-24T08:00:11Z'
    from (values ('a', 6), ('b', 5), ('c', 4)) as process (id, version)`);
  await db.execute(sql`
    insert into receipts (subject_id, kind, instance_id, service_name, known_after_ms)
    values ('stop', 'trigger', 'a', 'checkout', 40), ('stop', 'trigger', 'b', 'checkout', 60.5),
      ('stop', 'release', 'a', 'checkout', 20)`);

  await migrateDatabase(url);
  const now = new Date("2026-11-24T08:00:20Z");
  const ask = () => propagationOf(db, { projectId: "shop", now, limit: 10 });
  expect(await ask()).toMatchObject([
    { kind: "release", known: 1, lastMs: 20 },
    { kind: "trigger", known: 2, p50Ms: 50.25, lastMs: 60.5 },
  ]);

  await recordAcknowledgements(
    { db, now: () => now, randomBytes: (length) => new Uint8Array(length) },
    { collectorId: "c", replacesEarlier: false, processes: ["a", "b", "c"].map(told) },
  );
  expect(await ask()).toMatchObject([
    { kind: "release", known: 3, p50Ms: 2000, lastMs: 2000 },
    { kind: "trigger", known: 3, p50Ms: 60.5, lastMs: 12_000 },
  ]);
});
