import { afterAll, beforeAll, expect, test } from "vitest";
import { claimJob, JOB_LOCKS } from "#lib/server/db/claim-job.ts";
import { createRepeatedJob } from "#lib/server/lake/repeated-job.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(async () => {
  await database.close();
});

const claim = (work: () => Promise<void>): Promise<void> =>
  claimJob(database.db, JOB_LOCKS.lakeReview, work);

test("of consoles that review at the same time one does, and the next as soon as it has ended", async () => {
  let done = 0;
  const begun = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<void>();
  const first = claim(async () => {
    begun.resolve();
    await ended.promise;
    done += 1;
  });
  await begun.promise;
  await claim(async () => {
    done += 10;
  });
  expect(done).toBe(0);
  ended.resolve();
  await first;
  await claim(async () => {
    done += 100;
  });
  expect(done).toBe(101);
});

test("work that fails is told until it succeeds", async () => {
  let hasRoom = false;
  const job = createRepeatedJob({
    failure: "the work could not be done",
    claim: (work) => work(),
    pauseMs: 1,
    work: () => (hasRoom ? Promise.resolve() : Promise.reject(new Error("no room left"))),
  });
  job.start();
  await expect.poll(() => job.problem()).toBe("no room left");
  hasRoom = true;
  await expect.poll(() => job.problem()).toBeUndefined();
  await job.stop();
});
