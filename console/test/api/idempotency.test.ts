import { afterAll, beforeAll, expect, test } from "vitest";
import { doOnce, type IdempotentRequest } from "#lib/server/api/idempotency.ts";
import { idempotentAnswers } from "#lib/server/db/schema/idempotent-answers.ts";
import type { ServiceContext } from "#lib/server/services/context.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { findProject } from "#lib/server/services/projects/list.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const SECRET = "the secret that is shown once";
let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database.close());

const request = (values: Partial<IdempotentRequest>): IdempotentRequest => ({
  key: "a key of sixteen or more",
  credential: "Bearer lensai_mine",
  fingerprint: "POST /x {}",
  ...values,
});

/** Creates a project, and answers with the secret. */
const work =
  (id: string) =>
  async (services: ServiceContext): Promise<{ status: number; headers: object; body: string }> => {
    await ensureProject(services, { id, name: id });
    return { status: 201, headers: {}, body: `${SECRET} ${id}` };
  };
type Work = Parameters<typeof doOnce>[2];
const once = (values: Partial<IdempotentRequest>, doing: unknown): ReturnType<typeof doOnce> =>
  doOnce(database.services, request(values), doing as Work);

test("of requests at once with one key one is done, and the others are told to wait", async () => {
  let runs = 0;
  const gate = Promise.withResolvers<undefined>();
  const first = once({ key: "a".repeat(16) }, async (services: ServiceContext) => {
    runs += 1;
    await gate.promise;
    return work("at-once")(services);
  });
  await expect.poll(() => runs).toBe(1);
  for (let other = 0; other < 3; other += 1) {
    await expect(once({ key: "a".repeat(16) }, work("at-once"))).rejects.toMatchObject({
      code: "api.request_in_progress",
      retryAfterSeconds: 1,
    });
  }
  gate.resolve(undefined);
  expect(await once({ key: "a".repeat(16) }, work("never")).catch(() => first)).toEqual(
    await first,
  );
  expect(await once({ key: "a".repeat(16) }, work("never"))).toEqual(await first);
  expect(await findProject(database.db, "never")).toBeUndefined();
});

test("a request that fails leaves nothing behind, and can be sent again", async () => {
  const key = "b".repeat(16);
  const failing = async (services: ServiceContext): Promise<never> => {
    await work("undone")(services);
    throw new Error("the process broke here");
  };
  await expect(once({ key }, failing)).rejects.toThrow("broke here");
  expect(await findProject(database.db, "undone")).toBeUndefined();
  expect((await once({ key }, work("undone"))).status).toBe(201);
});

test("a key is good for one request", async () => {
  const key = "c".repeat(16);
  await once({ key }, work("one"));
  const other = once({ key, fingerprint: "POST /x {other}" }, work("two"));
  await expect(other).rejects.toMatchObject({ code: "api.idempotency_key_reused" });
});

test("the same key of another caller is another key", async () => {
  const key = "d".repeat(16);
  await once({ key, credential: "Bearer mine" }, work("mine"));
  const theirs = await once({ key, credential: "Bearer theirs" }, work("theirs"));
  expect(theirs.body).toBe(`${SECRET} theirs`);
});

test("what is kept cannot be read from the database", async () => {
  await once({ key: "e".repeat(16) }, work("sealed"));
  const rows = await database.db.select().from(idempotentAnswers);
  expect(rows.length).toBeGreaterThan(0);
  for (const { sealed, id, requestHash } of rows) {
    const stored = Buffer.concat([id, requestHash, sealed]).toString("latin1");
    expect(stored).not.toContain("secret");
    expect(stored).not.toContain("Bearer");
  }
});

test("answers are kept for a day, and then cleared away", async () => {
  const key = "f".repeat(16);
  await once({ key }, work("yesterday"));
  const count = (): Promise<number> => database.db.$count(idempotentAnswers);
  const before = await count();
  const tomorrow = new Date(database.services.now().getTime() + 25 * 3_600_000);
  const later: ServiceContext = { ...database.services, now: () => tomorrow };
  const again = await doOnce(later, request({ key }), work("tomorrow") as Work);
  expect(again.body).toBe(`${SECRET} tomorrow`);
  expect(before).toBeGreaterThan(1);
  expect(await count()).toBe(1);
});
