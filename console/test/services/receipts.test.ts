import { sql } from "drizzle-orm";
import type { AcknowledgementBatch } from "@lensai/otel-config/control/acknowledgements";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startDrill } from "#lib/server/services/drills/start.ts";
import { releaseKillSwitch } from "#lib/server/services/kill-switches/release.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { receiptsOverview } from "#lib/server/services/receipts/overview.ts";
import { propagationOf, type Propagation } from "#lib/server/services/receipts/propagation.ts";
import { recordAcknowledgements } from "#lib/server/services/receipts/record.ts";
import { buildSnapshot, readControlVersion } from "#lib/server/services/snapshot/build.ts";
import type { Transaction } from "#lib/server/services/snapshot/raise-version.ts";
import type { ServiceContext } from "#lib/server/services/context.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
let services: ServiceContext;
let nowMs = Date.parse("2026-11-24T08:00:00Z");
let projectId = "";
let projects = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  services = { ...database.services, now: () => new Date(nowMs) };
});
beforeEach(async () => {
  projects += 1;
  projectId = `shop-${projects}`;
  await ensureProject(services, { id: projectId, name: "Shop" });
});
afterAll(() => database.close());

type Reported = Partial<AcknowledgementBatch["processes"][number]>;

const report = (instanceId: string, changes: Reported = {}) => ({
  projectId,
  instanceId,
  serviceName: "checkout",
  kind: "guard" as const,
  version: 0,
  heldMs: 0,
  runningMs: 3_600_000,
  isConnected: true,
  ...changes,
});

const tell = (
  processes: readonly ReturnType<typeof report>[],
  changes: Partial<AcknowledgementBatch> = {},
): Promise<void> =>
  recordAcknowledgements(services, {
    collectorId: `collector-${projectId}`,
    replacesEarlier: false,
    processes,
    ...changes,
  });

const stop = async (): Promise<{ id: string; version: number }> => {
  const { id } = await triggerKillSwitch(
    services,
    { projectId, scope: {}, reason: "a loop" },
    "ann",
  );
  return { id, version: await readControlVersion(services.db) };
};

const newest = async (): Promise<Propagation | undefined> =>
  (await propagationOf(services.db, { projectId, now: services.now(), limit: 10 }))[0];

const stragglers = async (): Promise<string[]> =>
  (await receiptsOverview(services, projectId)).stragglers.map((each) => each.instanceId);

const connected = async (): Promise<{ guards: number; pollers: number }> =>
  (await receiptsOverview(services, projectId)).processes;

test("says how many know, how soon they knew, and who does not", async () => {
  await tell([report("a"), report("b"), report("c")], { replacesEarlier: true });
  const { id, version } = await stop();
  expect(await newest()).toMatchObject({
    subjectId: id,
    kind: "trigger",
    known: 0,
    waiting: 3,
    p50Ms: null,
  });
  nowMs += 100;
  await tell([report("a", { version, heldMs: 80 }), report("b", { version, heldMs: 40 })]);
  expect(await newest()).toMatchObject({ known: 2, waiting: 1, lost: 0, p50Ms: 40, lastMs: 60 });
  expect(await stragglers()).toEqual(["c"]);
  nowMs += 1000;
  await tell([report("c", { version })]);
  expect(await newest()).toMatchObject({ known: 3, waiting: 0, lastMs: 1100 });
  expect(await stragglers()).toEqual([]);
});

/** Rows of processes that are read when twenty of them acknowledge a version. */
const costOf = (version: number): Promise<number> =>
  services.db.transaction(async (transaction) => {
    const all = Array.from({ length: 20 }, (_, each) => report(`process-${each}`, { version }));
    const told = { collectorId: "collector", replacesEarlier: false, processes: all };
    const before = await rowsRead(transaction);
    await recordAcknowledgements({ ...services, db: transaction }, told);
    return (await rowsRead(transaction)) - before;
  });

/** Of the table of processes, by this connection: within a transaction the count only grows. */
async function rowsRead(transaction: Transaction): Promise<number> {
  const [read] = await transaction.execute<{ rows: number }>(sql`
    select (seq_tup_read + idx_tup_fetch)::int as rows from pg_stat_xact_user_tables where relname = 'processes'`);
  return read?.rows ?? 0;
}

test("what a report costs does not grow with what was announced that day", async () => {
  await costOf(0);
  const first = await stop();
  const costOfOne = await costOf(first.version);
  let { version } = first;
  for (let count = 0; count < 5; count += 1) {
    ({ version } = await stop());
    await costOf(version);
  }
  ({ version } = await stop());
  expect(costOfOne).toBeGreaterThan(0);
  expect(await costOf(version)).toBeLessThanOrEqual(costOfOne);
});

test("a report that comes twice, late or with an older version changes nothing", async () => {
  await tell([report("a")]);
  const { version } = await stop();
  nowMs += 50;
  const acknowledged = report("a", { version, heldMs: 20 });
  await tell([acknowledged]);
  nowMs += 60_000;
  await tell([acknowledged]);
  await tell([report("a", { version: version - 1 })]);
  expect(await newest()).toMatchObject({ known: 1, waiting: 0, lastMs: 30 });
});

test("a process that started later needs no receipt, and is no straggler", async () => {
  await tell([report("old")]);
  const { version } = await stop();
  nowMs += 5000;
  await tell([report("young", { version, runningMs: 1000 }), report("younger", { runningMs: 10 })]);
  expect(await newest()).toMatchObject({ known: 0, waiting: 1 });
  expect(await stragglers()).toEqual(["old"]);
});

test("a process that is lost before it knows is told apart from one that waits", async () => {
  await tell([report("cut-off"), report("here")]);
  await stop();
  await tell([report("cut-off", { isConnected: false })]);
  expect(await newest()).toMatchObject({ waiting: 1, lost: 1 });
  expect(await stragglers()).toEqual(["here", "cut-off"]);
});

test("what a silent collector reported counts as lost, not as waiting, and comes back with it", async () => {
  await tell([report("a"), report("b")]);
  await stop();
  nowMs += 60_000;
  expect(await newest()).toMatchObject({ waiting: 0, lost: 2 });
  const { version } = { version: await readControlVersion(services.db) };
  await tell([report("a", { version, heldMs: 59_990 })], { replacesEarlier: true });
  expect(await newest()).toMatchObject({ known: 1, waiting: 0, lost: 1, lastMs: 10 });
});

const since = async (): Promise<number | null> =>
  (await receiptsOverview(services, projectId)).silentSinceUnixMs;

test("says since when no collector is heard", async () => {
  await tell([report("a")]);
  const heardMs = nowMs;
  nowMs += 44_000;
  expect(await since()).toBeNull();
  nowMs += 2000;
  expect(await since()).toBe(heardMs);
  await tell([]);
  expect(await since()).toBeNull();
});

test("a process that goes over to another collector is not gone", async () => {
  await tell([report("a")], { collectorId: "one" });
  await tell([report("a")], { collectorId: "two" });
  await tell([report("a", { isConnected: false })], { collectorId: "one" });
  await tell([], { collectorId: "one", replacesEarlier: true });
  expect(await connected()).toEqual({ guards: 1, pollers: 0 });
  await tell([report("b", { kind: "poller" })], { collectorId: "two" });
  expect(await connected()).toEqual({ guards: 1, pollers: 1 });
});

async function waitingForLocks(): Promise<unknown> {
  const [row] = await services.db.execute(sql`
    select count(*)::int as waiting from pg_locks join pg_stat_activity using (pid)
    where datname = current_database() and not granted`);
  return row?.["waiting"];
}

test("a process that two collectors tell of at the same moment is counted once", async () => {
  await tell([report("a")]);
  const { version } = await stop();
  nowMs += 100;
  const told = [report("a", { version, heldMs: 40 })];
  let second: Promise<void> | undefined;
  await services.db.transaction(async (transaction) => {
    await recordAcknowledgements(
      { ...services, db: transaction },
      { collectorId: "one", replacesEarlier: false, processes: told },
    );
    second = tell(told, { collectorId: "two" });
    await expect.poll(waitingForLocks).toBe(1);
  });
  await second;
  expect(await newest()).toMatchObject({ known: 1, waiting: 0, lastMs: 60 });
});

test("releases and drills are announced as well, and stop nothing", async () => {
  await tell([report("a")]);
  const { id } = await stop();
  await releaseKillSwitch(services, { projectId, killSwitchId: id, reason: "fixed" }, "bob");
  const drill = await startDrill(services, { projectId }, "ann");
  const snapshot = await buildSnapshot(services.db);
  const project = snapshot.projects.find((each) => each.id === projectId);
  expect(project?.announcedVersion).toBe(snapshot.version);
  expect(snapshot.killSwitches?.filter((each) => each.projectId === projectId)).toEqual([]);
  await tell([report("a", { version: snapshot.version })]);
  const all = await propagationOf(services.db, { projectId, now: services.now(), limit: 10 });
  expect(all.map(({ subjectId, kind, known }) => [subjectId, kind, known])).toEqual([
    [drill.id, "drill", 1],
    [id, "release", 1],
    [id, "trigger", 1],
  ]);
});

test("nothing of another project is told", async () => {
  const { version } = await stop();
  await tell([report("a", { version, projectId: "shop-1" })]);
  expect(await newest()).toMatchObject({ known: 0, waiting: 0, lost: 0 });
});
