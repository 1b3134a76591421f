import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApiKey } from "#lib/server/services/api-keys/create.ts";
import { ensureBootstrap } from "#lib/server/services/api-keys/ensure-bootstrap.ts";
import { revokeApiKey } from "#lib/server/services/api-keys/revoke.ts";
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
  const { id, key } = await createApiKey(database.services, {
    projectId: "shop",
    scopes: ["ingest"],
  });
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
  await createApiKey(database.services, { projectId: "shop", scopes: ["ingest"] });
  expect(await readControlVersion(database.db)).toBe(before + 1);
});

test("leaves no key and no new version behind when the project does not exist", async () => {
  const before = await buildSnapshot(database.db);
  await expect(
    createApiKey(database.services, { projectId: "nowhere", scopes: ["ingest"] }),
  ).rejects.toThrow("Failed query");
  expect(await buildSnapshot(database.db)).toEqual(before);
});

test("revokes a key once, and only through its own project", async () => {
  const { id } = await createApiKey(database.services, { projectId: "shop", scopes: ["ingest"] });
  await ensureProject(database.services, { id: "other", name: "Other" });
  expect(await revokeApiKey(database.services, { projectId: "other", keyId: id })).toBe(false);
  const before = await readControlVersion(database.db);
  expect(await revokeApiKey(database.services, { projectId: "shop", keyId: id })).toBe(true);
  expect(await revokeApiKey(database.services, { projectId: "shop", keyId: id })).toBe(false);
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
  await revokeApiKey(database.services, { projectId: "default", keyId: key?.id ?? "" });
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
