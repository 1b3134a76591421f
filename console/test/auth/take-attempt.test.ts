import { afterAll, beforeAll, expect, test } from "vitest";
import { randomBytes } from "node:crypto";
import { takeAttempt } from "#lib/server/auth/take-attempt.ts";
import type { ServiceContext } from "#lib/server/services/context.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

const LIMIT = { attemptsMax: 3, windowMs: 60_000 };

let database: TestDatabase;
let context: ServiceContext;
let nowMs = Date.UTC(2026, 10, 1);

beforeAll(async () => {
  database = await createTestDatabase();
  context = { db: database.db, now: () => new Date(nowMs), randomBytes };
});
afterAll(() => database.close());

test("lets so many attempts through in a window, and says for how long no more", async () => {
  const attempt = (): Promise<number | undefined> => takeAttempt(context, "ann", LIMIT);
  expect([await attempt(), await attempt(), await attempt()]).toEqual(Array(3).fill(undefined));
  nowMs += 20_000;
  expect(await attempt()).toBe(40);
  expect(await takeAttempt(context, "bob", LIMIT)).toBeUndefined();
  nowMs += 40_000;
  expect(await attempt()).toBeUndefined();
});

test("counts first attempts that come at the same time, and fails none", async () => {
  for (let round = 0; round < 20; round += 1) {
    const attempts = Array.from({ length: 8 }, () => takeAttempt(context, `${round}`, LIMIT));
    const refused = (await Promise.all(attempts)).filter((seconds) => seconds !== undefined);
    expect(refused).toHaveLength(8 - LIMIT.attemptsMax);
  }
});
