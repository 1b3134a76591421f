import { signingSecretOf } from "@lensai/otel-config/signing/sign-request";
import { parseControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { findAuditBreak } from "#lib/server/services/audit/find-break.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { updateProject } from "#lib/server/services/projects/update.ts";
import { createSigningSecret } from "#lib/server/services/signing-secrets/create.ts";
import { revokeSigningSecret } from "#lib/server/services/signing-secrets/revoke.ts";
import {
  buildSnapshot,
  readControlVersion,
  serializeSnapshot,
} from "#lib/server/services/snapshot/build.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  for (const id of ["shop", "bank"]) await ensureProject(database.services, { id, name: id });
});
afterAll(() => database.close());

/** As a collector reads it. */
async function secretsOf(
  projectId: string,
): Promise<{ id: string; secret: string; expiresAt?: string }[]> {
  const { json } = serializeSnapshot(await buildSnapshot(database.db));
  const { signingSecrets = [] } = parseControlSnapshot(JSON.parse(json));
  return signingSecrets.filter((secret) => secret.projectId === projectId);
}

test("a secret is one that signers and collectors can read", async () => {
  const { keyId, secret } = await createSigningSecret(
    database.services,
    { projectId: "shop" },
    "tester",
  );
  expect(signingSecretOf(secret)).toHaveLength(32);
  const [known] = await secretsOf("shop");
  expect(known?.id).toBe(keyId);
  expect(known).not.toHaveProperty("expiresAt");
  expect(Buffer.from(known?.secret ?? "", "base64url").toString("base64")).toBe(secret);
});

test("every change raises the version, and one that fails leaves nothing behind", async () => {
  const before = await readControlVersion(database.db);
  const { keyId } = await createSigningSecret(database.services, { projectId: "bank" }, "tester");
  expect(await readControlVersion(database.db)).toBe(before + 1);
  await expect(
    createSigningSecret(database.services, { projectId: "nowhere" }, "tester"),
  ).rejects.toThrow("Failed query");
  expect(await revokeSigningSecret(database.services, { projectId: "shop", keyId }, "tester")).toBe(
    false,
  );
  expect(await readControlVersion(database.db)).toBe(before + 1);
  expect(await revokeSigningSecret(database.services, { projectId: "bank", keyId }, "tester")).toBe(
    true,
  );
  expect(await revokeSigningSecret(database.services, { projectId: "bank", keyId }, "tester")).toBe(
    false,
  );
  expect(await readControlVersion(database.db)).toBe(before + 2);
});

test("a revoked secret is not in the snapshot any longer", async () => {
  const { keyId } = await createSigningSecret(database.services, { projectId: "bank" }, "tester");
  expect((await secretsOf("bank")).map(({ id }) => id)).toContain(keyId);
  await revokeSigningSecret(database.services, { projectId: "bank", keyId }, "tester");
  expect((await secretsOf("bank")).map(({ id }) => id)).not.toContain(keyId);
});

test("rotation lets the old secrets of the project end after the overlap, and no other's", async () => {
  const other = await createSigningSecret(database.services, { projectId: "bank" }, "tester");
  const first = await createSigningSecret(
    database.services,
    {
      projectId: "shop",
      expireOthersInSeconds: 3600,
    },
    "tester",
  );
  const second = await createSigningSecret(
    database.services,
    {
      projectId: "shop",
      expireOthersInSeconds: 60,
    },
    "tester",
  );
  const secrets = new Map((await secretsOf("shop")).map((secret) => [secret.id, secret]));
  expect(secrets.get(second.keyId)).not.toHaveProperty("expiresAt");
  const ends = [...secrets.values()].flatMap(({ expiresAt }) => expiresAt ?? []);
  // The one of the first test would have had an hour: the shorter overlap holds for it as well.
  expect(ends).toHaveLength(2);
  expect(new Set(ends).size).toBe(1);
  expect(secrets.get(first.keyId)?.expiresAt).toBe(ends[0]);
  const bank = (await secretsOf("bank")).find(({ id }) => id === other.keyId);
  expect(bank).not.toHaveProperty("expiresAt");
});

const ends = async (): Promise<(string | undefined)[]> =>
  (await secretsOf("shop")).map(({ expiresAt }) => expiresAt).filter(Boolean);

test("a rotation never lengthens what was to end sooner", async () => {
  const before = await ends();
  await createSigningSecret(
    database.services,
    {
      projectId: "shop",
      expireOthersInSeconds: 86_400,
    },
    "tester",
  );
  expect(await ends()).toEqual(expect.arrayContaining(before));
  expect(before).not.toEqual([]);
});

test("what was done is in the audit log, and no secret", async () => {
  const { keyId, secret } = await createSigningSecret(
    database.services,
    { projectId: "bank" },
    "tester",
  );
  await revokeSigningSecret(database.services, { projectId: "bank", keyId }, "tester");
  const entries = await database.db.select().from(auditEntries);
  expect(entries.filter(({ subjectId }) => subjectId === keyId)).toMatchObject([
    { action: "signing_secret.create", actor: "tester", projectId: "bank" },
    { action: "signing_secret.revoke", actor: "tester", projectId: "bank" },
  ]);
  expect(await findAuditBreak(database.db)).toBeUndefined();
  expect(JSON.stringify(entries)).not.toContain(secret);
});

async function requiresSignature(): Promise<boolean | undefined> {
  const { projects } = await buildSnapshot(database.db);
  return projects.find(({ id }) => id === "shop")?.requireSignature;
}

function requireSignature(projectId: string): Promise<{ outcome: string }> {
  const change = { requireSignature: true };
  const input = { projectId, change, expectedVersion: "any" } as const;
  return updateProject(database.services, input, "tester");
}

test("a project says whether it takes signed exports only", async () => {
  expect(await requiresSignature()).toBeUndefined();
  expect(await requireSignature("shop")).toMatchObject({ outcome: "updated" });
  expect(await requiresSignature()).toBe(true);
  expect(await requireSignature("none")).toEqual({ outcome: "unknown" });
});
