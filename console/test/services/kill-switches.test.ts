import { parseControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { auditEntries } from "#lib/server/db/schema/audit-entries.ts";
import { findAuditBreak } from "#lib/server/services/audit/find-break.ts";
import {
  activeKillSwitches,
  projectsWithActiveKillSwitch,
  releasedKillSwitches,
} from "#lib/server/services/kill-switches/list.ts";
import { releaseKillSwitch } from "#lib/server/services/kill-switches/release.ts";
import { triggerSchema } from "#lib/server/services/kill-switches/schemas.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { buildSnapshot } from "#lib/server/services/snapshot/build.ts";
import { asOwner, createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
  await ensureProject(database.services, { id: "shop", name: "Shop" });
  await ensureProject(database.services, { id: "other", name: "Other" });
});
afterAll(() => database.close());

const stop = {
  projectId: "shop",
  scope: { team: "support", provider: "openai" },
  reason: "an agent loops",
};

test("a switch is in the next snapshot until it is released, and its story stays", async () => {
  const { db, services } = database;
  const before = await buildSnapshot(db);
  const { id } = await triggerKillSwitch(services, stop, "ann");
  const on = await buildSnapshot(db);
  expect(on.version).toBe(before.version + 1);
  expect(on.killSwitches).toMatchObject([{ ...stop, id }]);
  expect(Object.keys(on.killSwitches?.[0]?.scope ?? {})).toEqual(["provider", "team"]);
  expect(parseControlSnapshot(JSON.parse(JSON.stringify(on)))).toEqual(on);
  expect(await projectsWithActiveKillSwitch(db, ["shop", "other"])).toEqual(["shop"]);
  expect(await projectsWithActiveKillSwitch(db, ["other"])).toEqual([]);
  expect(await activeKillSwitches(db, "shop")).toMatchObject([{ id, triggeredBy: "ann" }]);
  expect(await activeKillSwitches(db, "other")).toEqual([]);

  const release = { projectId: "shop", killSwitchId: id, reason: "fixed" };
  expect(await releaseKillSwitch(services, { ...release, projectId: "other" }, "bob")).toBe(false);
  expect(await releaseKillSwitch(services, release, "bob")).toBe(true);
  expect(await releaseKillSwitch(services, release, "bob")).toBe(false);
  const off = await buildSnapshot(db);
  expect(off.version).toBe(on.version + 1);
  expect(off.killSwitches).toEqual([]);
  expect(await activeKillSwitches(db, "shop")).toEqual([]);
  expect(await releasedKillSwitches(db, "shop")).toMatchObject([
    { id, reason: stop.reason, releasedBy: "bob", releaseReason: "fixed" },
  ]);
});

test("a change that fails leaves neither an entry nor a new version", async () => {
  const { db, services } = database;
  const entries = await db.$count(auditEntries);
  const { version } = await buildSnapshot(db);
  await expect(
    triggerKillSwitch(services, { ...stop, projectId: "nowhere" }, "ann"),
  ).rejects.toThrow(/kill_switches/);
  expect(await db.$count(auditEntries)).toBe(entries);
  expect((await buildSnapshot(db)).version).toBe(version);
});

test("changes at the same time make one chain", async () => {
  const { db, services } = database;
  const triggers = Array.from({ length: 8 }, (_, index) =>
    triggerKillSwitch(services, { ...stop, reason: `loop ${index}` }, `person ${index}`),
  );
  await Promise.all(triggers);
  expect(await findAuditBreak(db)).toBeUndefined();
});

test("the database itself refuses to change or remove an entry, whoever asks", async () => {
  const { db } = database;
  for (const statement of [
    sql`update audit_entries set actor = 'nobody'`,
    sql`delete from audit_entries`,
    sql`truncate audit_entries`,
  ]) {
    await expect(db.execute(statement)).rejects.toMatchObject({
      cause: { message: expect.stringContaining("permission denied") as string },
    });
    const asked = asOwner(db, (transaction) => transaction.execute(statement));
    await expect(asked).rejects.toMatchObject({
      cause: { message: expect.stringContaining("the audit log only grows") as string },
    });
  }
});

test("an entry that was changed or taken out all the same is found", async () => {
  const { db } = database;
  const meddle = async (statement: ReturnType<typeof sql>): Promise<number | undefined> => {
    let found: number | undefined;
    await asOwner(db, async (transaction) => {
      await transaction.execute(sql`alter table audit_entries disable trigger all`);
      await transaction.execute(statement);
      found = await findAuditBreak(transaction);
      transaction.rollback();
    }).catch(() => undefined);
    return found;
  };
  expect(await meddle(sql`update audit_entries set actor = 'nobody' where sequence = 2`)).toBe(2);
  expect(await meddle(sql`update audit_entries set before = '{}' where sequence = 1`)).toBe(1);
  expect(await meddle(sql`delete from audit_entries where sequence = 2`)).toBe(2);
  expect(await findAuditBreak(db)).toBeUndefined();
});

test.each([
  [{ ...stop, reason: " " }, /say why/],
  [{ ...stop, scope: { weather: "bad" } }, /weather/],
  [{ ...stop, scope: { team: "" } }, /must not be empty/],
  [{ ...stop, projectId: "No" }, /project id/],
])("refuses %o", (input, problem) => {
  expect(() => triggerSchema.parse(input)).toThrow(problem);
});
