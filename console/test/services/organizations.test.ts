import { randomBytes } from "node:crypto";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { members } from "#lib/server/db/schema/members.ts";
import { organizations } from "#lib/server/db/schema/organizations.ts";
import { users } from "#lib/server/db/schema/users.ts";
import type { ServiceContext } from "#lib/server/services/context.ts";
import { createOrganization } from "#lib/server/services/organizations/create.ts";
import { renameOrganization } from "#lib/server/services/organizations/rename.ts";
import { organizationTermsSchema } from "#lib/server/services/organizations/schemas.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const NOW = new Date("2026-11-30T08:00:00.000Z");
let database: TestDatabase;
let context: ServiceContext;

beforeAll(async () => {
  database = await createTestDatabase();
  const { db } = database;
  context = { db, now: () => NOW, randomBytes: (length) => randomBytes(length) };
  for (const id of ["ann", "bob"]) {
    const email = `${id}@example.com`;
    await db.insert(users).values({ id, name: id, email, createdAt: NOW, updatedAt: NOW });
  }
});
afterAll(() => database.close());

const founder = (userId: string | null) => ({ actor: `user:${userId}`, userId });

async function created(name: string, by = founder("ann")): Promise<string> {
  const made = await createOrganization(context, { name }, by);
  if (made === "too_many") throw new Error(made);
  return made.id;
}

const entriesOf = (organizationId: string) =>
  database.db.select().from(auditEntries).where(eq(auditEntries.subjectId, organizationId));

test("whoever creates an organisation is its owner, its id says its name, and the log has it", async () => {
  const id = await created("Büro & Co");
  expect(id).toMatch(/^buro-co-[a-z2-9]{5}$/);
  const { db } = database;
  const isIts = eq(members.organizationId, id);
  expect(await db.select().from(members).where(isIts)).toMatchObject([
    { userId: "ann", role: "owner", createdAt: NOW },
  ]);
  const [row] = await db.select().from(organizations).where(eq(organizations.id, id));
  expect(row).toMatchObject({ name: "Büro & Co", version: 1, createdAt: NOW });
  expect(await entriesOf(id)).toMatchObject([
    {
      action: "organization.create",
      actor: "user:ann",
      projectId: null,
      after: { organizationId: id, name: "Büro & Co", owner: "user:ann" },
    },
  ]);
});

test("two of the same name are two, and a name without letters still has an id", async () => {
  const [one, other] = [await created("Acme"), await created("Acme")];
  expect(one).not.toBe(other);
  expect(await created("…")).toMatch(/^organization-[a-z2-9]{5}$/);
});

test("whoever may do everything creates one without becoming a member", async () => {
  const id = await created("By the machine", { actor: "local", userId: null });
  const isIts = eq(members.organizationId, id);
  expect(await database.db.$count(members, isIts)).toBe(0);
  const [entry] = await entriesOf(id);
  expect(entry?.after).toEqual({ organizationId: id, name: "By the machine" });
});

test("nobody owns more than twenty, and one that is refused leaves nothing behind", async () => {
  for (let count = 0; count < 20; count += 1) await created(`bob ${count}`, founder("bob"));
  const before = await database.db.$count(organizations);
  const entries = await database.db.$count(auditEntries);
  expect(await createOrganization(context, { name: "one more" }, founder("bob"))).toBe("too_many");
  expect(await database.db.$count(organizations)).toBe(before);
  expect(await database.db.$count(auditEntries)).toBe(entries);
  // Those of others, and a part in somebody else's, do not count.
  await created("of ann");
});

test("a rename raises the version and says what it was", async () => {
  const id = await created("Before");
  const terms = { organizationId: id, name: "After", expectedVersion: 1 };
  expect(await renameOrganization(context, terms, "user:ann")).toMatchObject({
    outcome: "renamed",
    organization: { id, name: "After", version: 2 },
  });
  const [, entry] = await entriesOf(id);
  expect(entry).toMatchObject({
    action: "organization.rename",
    before: { organizationId: id, name: "Before" },
    after: { organizationId: id, name: "After" },
  });
});

test("who has not seen the newest changes nothing, whatever it is does, and the same name is no change", async () => {
  const id = await created("One");
  const rename = (name: string, expectedVersion: number | "any") =>
    renameOrganization(context, { organizationId: id, name, expectedVersion }, "user:ann");
  await rename("Two", 1);
  expect(await rename("Three", 1)).toEqual({ outcome: "conflict", currentVersion: 2 });
  expect(await rename("Two", "any")).toMatchObject({ organization: { name: "Two", version: 2 } });
  expect(await entriesOf(id)).toHaveLength(2);
  const unknown = { organizationId: "nowhere", name: "x", expectedVersion: "any" } as const;
  expect(await renameOrganization(context, unknown, "user:ann")).toEqual({ outcome: "unknown" });
});

test("of two who rename at once one wins, and the other one hears of it", async () => {
  const id = await created("Contended");
  const results = await Promise.all(
    ["A", "B"].map((name) =>
      renameOrganization(context, { organizationId: id, name, expectedVersion: 1 }, "user:ann"),
    ),
  );
  expect(results.map(({ outcome }) => outcome).toSorted()).toEqual(["conflict", "renamed"]);
  expect(await entriesOf(id)).toHaveLength(2);
});

test.each(["", "   ", "x".repeat(101)])("what is no name is refused: %j", (name) => {
  expect(organizationTermsSchema.safeParse({ name }).success).toBe(false);
});
