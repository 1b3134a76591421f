import { and, eq } from "drizzle-orm";
import { afterAll, beforeEach, expect, test } from "vitest";
import type { Role } from "#lib/server/access/permissions.ts";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { members } from "#lib/server/db/schema/members.ts";
import { users } from "#lib/server/db/schema/users.ts";
import { actorNames } from "#lib/server/services/members/actor-names.ts";
import { changeRole, removeMember } from "#lib/server/services/members/change.ts";
import type { Grantor } from "#lib/server/services/members/grantor.ts";
import { inviteMember } from "#lib/server/services/members/invite.ts";
import { listInvitations, listMembers } from "#lib/server/services/members/list.ts";
import {
  createProject,
  projectIdOf,
} from "#lib/server/services/projects/create-in-organization.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { createUser } from "../support/users.ts";

const organizationId = "default";
const database: TestDatabase = await createTestDatabase();
const { db, services } = database;

afterAll(() => database.close());

beforeEach(async () => {
  await db.delete(members);
  await db.delete(users);
});

async function join(role: Role, id: string = role): Promise<void> {
  await createUser(services, { id });
  await db
    .insert(members)
    .values({ id: `m_${id}`, organizationId, userId: id, role, createdAt: services.now() });
}

const as = (role: Role, userId: string | null = role): Grantor => ({
  organizationId,
  actor: `user:${userId}`,
  role,
  userId,
});

const roleOf = async (userId: string): Promise<Role | undefined> => {
  const isHis = and(eq(members.organizationId, organizationId), eq(members.userId, userId));
  return (await db.select().from(members).where(isHis))[0]?.role;
};

test("the last owner stays one, whoever asks", async () => {
  await join("owner");
  await join("admin");
  const self = as("owner");
  expect(await changeRole(services, { userId: "owner", role: "admin" }, self)).toBe("last_owner");
  expect(await removeMember(services, { userId: "owner" }, self)).toBe("last_owner");
  expect(await removeMember(services, { userId: "owner" }, as("owner", null))).toBe("last_owner");
  expect(await changeRole(services, { userId: "owner", role: "owner" }, self)).toBe("changed");
  expect(await roleOf("owner")).toBe("owner");
});

test("of two owners who demote each other at the same time, one stays", async () => {
  for (let round = 0; round < 5; round += 1) {
    await db.delete(members);
    await db.delete(users);
    await join("owner", "ann");
    await join("owner", "bob");
    const outcomes = await Promise.all([
      changeRole(services, { userId: "bob", role: "viewer" }, as("owner", "ann")),
      removeMember(services, { userId: "ann" }, as("owner", "bob")),
    ]);
    expect(outcomes.toSorted()).toEqual(["changed", "last_owner"]);
    const owners = (await listMembers(db, organizationId)).filter(({ role }) => role === "owner");
    expect(owners).toHaveLength(1);
  }
});

test("nobody gives or takes a role above his own", async () => {
  for (const role of ["owner", "admin", "viewer"] as const) await join(role);
  await join("owner", "second");
  const admin = as("admin");
  const above = "above_own_role";
  expect(await changeRole(services, { userId: "viewer", role: "owner" }, admin)).toBe(above);
  expect(await changeRole(services, { userId: "viewer", role: "billing" }, admin)).toBe(above);
  expect(await changeRole(services, { userId: "owner", role: "viewer" }, admin)).toBe(above);
  expect(await removeMember(services, { userId: "owner" }, admin)).toBe(above);
  expect(await removeMember(services, { userId: "admin" }, as("viewer"))).toBe(above);
  const invitation = { email: "x@example.com", role: "owner" as const, isSentByMail: true };
  expect(await inviteMember(services, invitation, admin)).toEqual({ outcome: above });
  expect(await changeRole(services, { userId: "viewer", role: "admin" }, admin)).toBe("changed");
  expect(await roleOf("viewer")).toBe("admin");
});

test("everybody may leave", async () => {
  await join("owner");
  await join("viewer");
  expect(await removeMember(services, { userId: "viewer" }, as("viewer"))).toBe("changed");
  expect(await removeMember(services, { userId: "viewer" }, as("viewer"))).toBe("unknown");
});

test("a second invitation replaces the first, and a member needs none", async () => {
  await join("owner");
  const owner = as("owner");
  const input = { email: "ada@example.com", role: "viewer" as const, isSentByMail: false };
  const first = await inviteMember(services, input, owner);
  const second = await inviteMember(services, { ...input, role: "admin" }, owner);
  expect(first).toMatchObject({ outcome: "invited" });
  expect(second).not.toEqual(first);
  const pending = await listInvitations(db, { organizationId, now: services.now() });
  expect(pending.map(({ email, role }) => [email, role])).toEqual([["ada@example.com", "admin"]]);
  const member = { ...input, email: "owner@example.com" };
  expect(await inviteMember(services, member, owner)).toEqual({ outcome: "already_member" });
});

test("the log names people by their id alone; pages know the addresses of members", async () => {
  await join("owner");
  await join("viewer");
  await removeMember(services, { userId: "viewer" }, as("owner"));
  const entries = await db.select().from(auditEntries);
  expect(JSON.stringify(entries)).not.toContain("@");
  const names = await actorNames(db, organizationId, ["user:owner", "user:viewer", "local"]);
  expect(names["user:owner"]).toBe("owner@example.com");
  expect(names["user:viewer"]).toBeUndefined();
  expect(names["local"]).toBe("the owner of this machine");
});

test.each([
  ["Büro & Co", "buro-co-abcde"],
  ["  ", "project-abcde"],
  ["日本", "project-abcde"],
  [`${"x".repeat(49)} y`, `${"x".repeat(49)}-abcde`],
])("the id of the project %j says its name", (name, id) => {
  expect(projectIdOf(name, new Uint8Array([0, 1, 2, 3, 4]))).toBe(id);
});

test("two projects of one name have two ids", async () => {
  const project = { organizationId, name: "Shop" };
  const first = await createProject(services, project, "local");
  const second = await createProject(services, project, "local");
  expect(first.id).not.toBe(second.id);
});
