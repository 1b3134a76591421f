import { sql } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openDatabase, type DatabaseClient } from "#lib/server/db/client.ts";
import { isDatabaseGone } from "#lib/server/db/database-gone.ts";
import { createMigratedDatabase } from "../support/database.ts";
import { startHangingProxy, type HangingProxy } from "../support/hanging-proxy.ts";

let proxy: HangingProxy;
let client: DatabaseClient;

beforeAll(async () => {
  proxy = await startHangingProxy(await createMigratedDatabase());
  const timeouts = { answerTimeoutSeconds: 0.5, connectTimeoutSeconds: 0.5 };
  client = openDatabase(proxy.url, { connectionsMax: 2, ...timeouts });
});
afterAll(async () => {
  await client.close();
  await proxy.close();
});

const ask = (): Promise<unknown> => client.db.execute(sql`select 1`);

/** What became of each: true when it failed because the database is gone. */
const failures = (asked: readonly Promise<unknown>[]): Promise<unknown[]> =>
  Promise.all(asked.map((each) => each.then(() => "answered", isDatabaseGone)));

test("whoever asks a database that says nothing hears so, in a transaction and in the queue, too", async () => {
  await ask();
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
