import { createHash } from "node:crypto";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { apiKeys } from "#lib/server/db/schema/api-keys.ts";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { createApiKey } from "#lib/server/services/api-keys/create.ts";
import { ensureBootstrap } from "#lib/server/services/api-keys/ensure-bootstrap.ts";
import { listApiKeys } from "#lib/server/services/api-keys/list.ts";
import { recordKeyUses } from "#lib/server/services/api-keys/record-use.ts";
import { revokeApiKey } from "#lib/server/services/api-keys/revoke.ts";
import { rotateApiKey } from "#lib/server/services/api-keys/rotate.ts";
import { createKeySchema } from "#lib/server/services/api-keys/schemas.ts";
import { findAuditBreak } from "#lib/server/services/audit/find-break.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { buildSnapshot, readControlVersion } from "#lib/server/services/snapshot/build.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const BOOTSTRAP_KEY = "lensai_bootstrap_key_1";
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await ensureProject(database.services, { id: "shop", name: "Shop" });
});

afterAll(() => database.close());

test("shows a key once and stores its hash only", async () => {
  const { id, key } = await createApiKey(
    database.services,
    { projectId: "shop", scopes: ["ingest"] },
    "ann",
  );
  expect(key).toMatch(/^lensai_[\w-]{32}$/);
  const { keys } = await buildSnapshot(database.db);
  expect(keys.find((entry) => entry.id === id)).toEqual({
    id,
    sha256: sha256(key),
    projectId: "shop",
    scopes: ["ingest"],
    origins: [],
    revoked: false,
  });
  const rows = await database.db.query.apiKeys.findMany();
  expect(JSON.stringify(rows)).not.toContain(key);
});

test("raises the version with every key, in the same transaction", async () => {
  const before = await readControlVersion(database.db);
  await createApiKey(database.services, { projectId: "shop", scopes: ["ingest"] }, "ann");
  expect(await readControlVersion(database.db)).toBe(before + 1);
});

test("leaves no key and no new version behind when the project does not exist", async () => {
  const before = await buildSnapshot(database.db);
  await expect(
    createApiKey(database.services, { projectId: "nowhere", scopes: ["ingest"] }, "ann"),
  ).rejects.toThrow("Failed query");
  expect(await buildSnapshot(database.db)).toEqual(before);
});

test("revokes a key once, and only through its own project", async () => {
  const { id } = await createApiKey(
    database.services,
    { projectId: "shop", scopes: ["ingest"] },
    "ann",
  );
  await ensureProject(database.services, { id: "other", name: "Other" });
  expect(await revokeApiKey(database.services, { projectId: "other", keyId: id }, "ann")).toBe(
    false,
  );
  const before = await readControlVersion(database.db);
  expect(await revokeApiKey(database.services, { projectId: "shop", keyId: id }, "ann")).toBe(true);
  expect(await revokeApiKey(database.services, { projectId: "shop", keyId: id }, "ann")).toBe(
    false,
  );
  expect(await readControlVersion(database.db)).toBe(before + 1);
  const { keys } = await buildSnapshot(database.db);
  expect(keys.find((entry) => entry.id === id)?.revoked).toBe(true);
});

test("accepts the bootstrap key for the default project, and a restart changes nothing", async () => {
  await ensureBootstrap(database.services, BOOTSTRAP_KEY);
  const first = await buildSnapshot(database.db);
  expect(first.projects).toContainEqual({ id: "default", name: "Default", content: "redacted" });
  expect(first.keys).toContainEqual(
    expect.objectContaining({ projectId: "default", sha256: sha256(BOOTSTRAP_KEY) }),
  );
  await ensureBootstrap(database.services, BOOTSTRAP_KEY);
  expect(await buildSnapshot(database.db)).toEqual(first);
});

test("shows nothing of the beginning of a key that a person chose", async () => {
  const rows = await database.db.query.apiKeys.findMany();
  const bootstrap = rows.find((row) => row.id.startsWith("key_bootstrap_"));
  expect(bootstrap?.prefix).toBe("");
});

test("does not bring a revoked bootstrap key back", async () => {
  await ensureBootstrap(database.services, BOOTSTRAP_KEY);
  const key = (await buildSnapshot(database.db)).keys.find(
    (entry) => entry.sha256 === sha256(BOOTSTRAP_KEY),
  );
  await revokeApiKey(database.services, { projectId: "default", keyId: key?.id ?? "" }, "ann");
  await ensureBootstrap(database.services, BOOTSTRAP_KEY);
  const { keys } = await buildSnapshot(database.db);
  expect(keys.filter((entry) => entry.sha256 === sha256(BOOTSTRAP_KEY))).toEqual([
    expect.objectContaining({ revoked: true }),
  ]);
});

test("lets consoles that start at once agree on one bootstrap key", async () => {
  const key = "lensai_bootstrap_key_2";
  await Promise.all(Array.from({ length: 4 }, () => ensureBootstrap(database.services, key)));
  const { keys } = await buildSnapshot(database.db);
  expect(keys.filter((entry) => entry.sha256 === sha256(key))).toHaveLength(1);
});

const keyOf = async (id: string) =>
  (await listApiKeys(database.db, "shop")).find((entry) => entry.id === id);
const secondsBetween = (from: Date | undefined, to: Date | null | undefined): number =>
  ((to?.getTime() ?? Number.NaN) - (from?.getTime() ?? Number.NaN)) / 1000;
const snapshotKey = async (id: string) =>
  (await buildSnapshot(database.db)).keys.find((entry) => entry.id === id);

test("a key that is to expire does so for collectors, who read when in the snapshot", async () => {
  const input = { projectId: "shop", scopes: ["read" as const], expiresInDays: 30 };
  const { id } = await createApiKey(database.services, input, "ann");
  const key = await keyOf(id);
  expect(secondsBetween(key?.createdAt, key?.expiresAt)).toBe(30 * 86_400);
  expect((await snapshotKey(id))?.expiresAt).toBe(key?.expiresAt?.toISOString());
});

test("rotates with an overlap: what the old key could, the new one can, and the old one ends", async () => {
  const input = { projectId: "shop", scopes: ["ingest" as const], name: "Checkout" };
  const old = await createApiKey(database.services, input, "ann");
  const rotation = { projectId: "shop", keyId: old.id, overlapSeconds: 3600 };
  const rotated = await rotateApiKey(database.services, rotation, "bob");
  expect(rotated?.key).toMatch(/^lensai_/);
  expect(rotated?.key).not.toBe(old.key);
  const fresh = await keyOf(rotated?.id ?? "");
  expect(fresh).toMatchObject({
    name: "Checkout",
    scopes: ["ingest"],
    createdBy: "bob",
    expiresAt: null,
  });
  const ended = await keyOf(old.id);
  expect(ended?.expiresAt).toEqual(rotated?.oldExpiresAt);
  expect(secondsBetween(fresh?.createdAt, ended?.expiresAt)).toBe(3600);
  expect((await snapshotKey(old.id))?.revoked).toBe(false);
});

test("an overlap never prolongs a key, and what is over cannot be rotated", async () => {
  const { services } = database;
  const input = { projectId: "shop", scopes: ["ingest" as const], expiresInDays: 1 };
  const { id: keyId } = await createApiKey(services, input, "ann");
  const before = await keyOf(keyId);
  const rotation = { projectId: "shop", keyId, overlapSeconds: 7 * 86_400 };
  await rotateApiKey(services, rotation, "ann");
  expect((await keyOf(keyId))?.expiresAt).toEqual(before?.expiresAt);
  expect(await rotateApiKey(services, { ...rotation, projectId: "other" }, "ann")).toBeUndefined();
  await database.db
    .update(apiKeys)
    .set({ expiresAt: new Date(0) })
    .where(eq(apiKeys.id, keyId));
  expect(await rotateApiKey(services, rotation, "ann")).toBeUndefined();
  await revokeApiKey(services, { projectId: "shop", keyId }, "ann");
  expect(await rotateApiKey(services, rotation, "ann")).toBeUndefined();
});

test("of rotations at the same time each leaves a key that works", async () => {
  const { services } = database;
  const { id: keyId } = await createApiKey(
    services,
    { projectId: "shop", scopes: ["ingest"] },
    "ann",
  );
  const rotation = { projectId: "shop", keyId, overlapSeconds: 60 };
  const both = await Promise.all([1, 2].map(() => rotateApiKey(services, rotation, "ann")));
  expect(new Set(both.map((rotated) => rotated?.id)).size).toBe(2);
  expect(await findAuditBreak(database.db)).toBeUndefined();
});

test("keeps the newest use, whatever order collectors tell it in, and never one in the future", async () => {
  const { services } = database;
  const { id: keyId } = await createApiKey(
    services,
    { projectId: "shop", scopes: ["ingest"] },
    "ann",
  );
  const version = await readControlVersion(database.db);
  const use = (lastUsedAt: string) => ({ keyId, lastUsedAt });
  const newest = "2026-10-03T10:00:00.000Z";
  await recordKeyUses(services, { uses: [use("2026-10-01T10:00:00.000Z"), use(newest)] });
  await recordKeyUses(services, { uses: [use("2026-10-02T10:00:00.000Z")] });
  await recordKeyUses(services, { uses: [{ keyId: "unknown", lastUsedAt: newest }] });
  await recordKeyUses(services, { uses: [] });
  expect((await keyOf(keyId))?.lastUsedAt?.toISOString()).toBe(newest);
  await recordKeyUses(services, { uses: [use("2096-01-01T00:00:00.000Z")] });
  const used = (await keyOf(keyId))?.lastUsedAt?.getTime() ?? Infinity;
  expect(used).toBeLessThan(Date.UTC(2026, 11, 1));
  expect(await readControlVersion(database.db)).toBe(version);
});

test.each([
  [{ origins: ["https://app.example.com/"] }, "origins"],
  [{ origins: ["*"] }, "origins"],
  [{ origins: ["https://app.example.com"], scopes: ["ingest", "read"] }, "scopes"],
  [{ scopes: [] }, "scopes"],
  [{ scopes: ["admin"] }, "scopes"],
  [{ name: "  " }, "name"],
  [{ name: "x".repeat(101) }, "name"],
  [{ expiresInDays: 0 }, "expiresInDays"],
  [{ expiresInDays: 1.5 }, "expiresInDays"],
])("refuses a key with %j and names the field", (change, field) => {
  const input = { name: "Checkout", scopes: ["ingest"], ...change };
  const parsed = createKeySchema.safeParse(input);
  expect(parsed.error?.issues[0]?.path[0]).toBe(field);
});

test("the log tells who made, rotated and revoked which key, and has no key", async () => {
  const { services, db } = database;
  const first = await createApiKey(services, { projectId: "shop", scopes: ["read"] }, "user:ann");
  const rotation = { projectId: "shop", keyId: first.id, overlapSeconds: 0 };
  const second = await rotateApiKey(services, rotation, "user:bob");
  await revokeApiKey(services, { projectId: "shop", keyId: first.id }, "user:carl");
  const entries = await db.select().from(auditEntries).where(eq(auditEntries.projectId, "shop"));
  const told = entries
    .filter(({ subjectId }) => subjectId === first.id || subjectId === second?.id)
    .map(({ actor, action }) => `${actor} ${action}`);
  expect(told).toEqual([
    "user:ann api_key.create",
    "user:bob api_key.create",
    "user:bob api_key.rotate",
    "user:carl api_key.revoke",
  ]);
  for (const { key } of [first, second ?? first])
    expect(JSON.stringify(entries)).not.toContain(key);
});
