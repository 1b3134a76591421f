import { sql } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { openDatabase, type DatabaseClient } from "#lib/server/db/client.ts";
import { isDatabaseGone } from "#lib/server/db/database-gone.ts";
import { createMigratedDatabase } from "../support/database.ts";
import { startHangingProxy, type HangingProxy } from "../support/hanging-proxy.ts";

const ANSWER_TIMEOUT_MS = 500;
const timeouts = {
  answerTimeoutSeconds: ANSWER_TIMEOUT_MS / 1000,
  connectTimeoutSeconds: ANSWER_TIMEOUT_MS / 1000,
};

let proxy: HangingProxy;
let client: DatabaseClient;

beforeAll(async () => {
  proxy = await startHangingProxy(await createMigratedDatabase());
  client = openDatabase(proxy.url, { connectionsMax: 2, ...timeouts });
});
beforeEach(async () => {
  proxy.forward();
  await vi.waitFor(ask);
});
afterAll(async () => {
  await client.close();
  await proxy.close();
});

/** Asks at once: what the database layer makes of a statement asks when it is waited for. */
const ask = async (): Promise<unknown> => await client.db.execute(sql`select 1`);

/** What became of each: true when it failed because the database is gone. */
const failures = (asked: readonly Promise<unknown>[]): Promise<unknown[]> =>
  Promise.all(asked.map((each) => each.then(() => "answered", isDatabaseGone)));

test("whoever asks a database that says nothing hears so, in a transaction and in the queue, too", async () => {
  const inTransaction = client.db.transaction(async (transaction) => {
    await transaction.execute(sql`select 1`);
    proxy.hang();
    await transaction.execute(sql`select 2`);
  });
  // More than there are connections: who waits for one must not wait for all before him.
  const many = Array.from({ length: 40 }, ask);
  const others = Array.from({ length: 10 }, () =>
    client.db.transaction((transaction) => transaction.execute(sql`select 3`)),
  );
  const startedMs = performance.now();
  const outcomes = await failures([inTransaction, ...many, ...others]);
  expect(outcomes).not.toContain(false);
  expect(outcomes[0]).toBe(true);
  expect(performance.now() - startedMs).toBeLessThan(10_000);
});

test("who keeps asking does not make those wait longer who asked before", async () => {
  const own = openDatabase(proxy.url, { connectionsMax: 1, ...timeouts });
  const askOwn = async (): Promise<unknown> => await own.db.execute(sql`select 1`);
  await askOwn();
  proxy.hang();
  const asked = [askOwn()];
  const timer = setInterval(() => asked.push(askOwn()), ANSWER_TIMEOUT_MS / 10);
  const startedMs = performance.now();
  expect(await failures(asked)).toEqual([true]);
  clearInterval(timer);
  expect(performance.now() - startedMs).toBeLessThan(3 * ANSWER_TIMEOUT_MS);
  expect(await failures(asked)).not.toContain(false);
  proxy.forward();
  await own.close();
});

test("once nobody was answered for as long as anybody waits, one asks whether it is back, and the others hear at once", async () => {
  proxy.hang();
  expect(await failures([ask()])).toEqual([true]);
  const before = proxy.accepted;
  const asked = [ask(), ask(), ask(), client.db.transaction((tx) => tx.execute(sql`select 1`))];
  expect(await failures(asked)).toEqual([true, true, true, true]);
  expect(proxy.accepted - before).toBe(1);
  proxy.forward();
  await expect.poll(() => ask().then(() => "answered", String)).toBe("answered");
  expect(await failures([ask(), ask(), ask()])).toEqual(Array(3).fill("answered"));
});

test("a connection that is lost alone is no reason to refuse what others ask", async () => {
  const own = openDatabase(proxy.url, { connectionsMax: 2, ...timeouts });
  const askOwn = async (): Promise<unknown> => await own.db.execute(sql`select 1`);
  await askOwn();
  const lost = failures([askOwn()]);
  proxy.hangOpen();
  const others: Promise<unknown>[] = [];
  const timer = setInterval(() => others.push(failures([askOwn()])), ANSWER_TIMEOUT_MS / 10);
  expect(await lost).toEqual([true]);
  clearInterval(timer);
  await Promise.all(others);
  expect(await failures([askOwn(), askOwn(), askOwn()])).toEqual(Array(3).fill("answered"));
  await own.close();
});

test("it is asked again by itself, and answers when it is back", async () => {
  proxy.hang();
  expect(await failures([ask()])).toEqual([true]);
  proxy.forward();
  await expect.poll(() => ask().then(() => "answered", String)).toBe("answered");
});

test("a database that accepts connections and closes them is no reason to ask without end", async () => {
  proxy.closeAll();
  expect(await failures([ask(), ask(), ask()])).toEqual([true, true, true]);
  proxy.forward();
  await expect.poll(() => ask().then(() => "answered", String)).toBe("answered");
});

test("a statement that takes too long ends in PostgreSQL, too", async () => {
  const failure: unknown = await client.db
    .execute(sql`select pg_sleep(60)`)
    .catch((e: unknown) => e);
  expect(isDatabaseGone(failure)).toBe(true);
  await expect
    .poll(() =>
      client.db.execute(
        sql`select 1 from pg_stat_activity where query like 'select pg_sleep(60)%' and state = 'active'`,
      ),
    )
    .toHaveLength(0);
});
