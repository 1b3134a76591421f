import { afterAll, beforeAll, expect, test, vi } from "vitest";
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

const SOON = { interval: 5 };
const HARMLESS = {
  failure: "the work could not be done",
  claim: (work: () => Promise<boolean>) => work(),
  pauseMs: 1,
  restMs: 600_000,
};

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
    ...HARMLESS,
    work: () => (hasRoom ? Promise.resolve(false) : Promise.reject(new Error("no room left"))),
  });
  job.start();
  await expect.poll(() => job.problem(), SOON).toBe("no room left");
  hasRoom = true;
  await expect.poll(() => job.problem(), SOON).toBeUndefined();
  await job.stop();
});

test("what comes while the work is done is done after it, once, and nothing runs then", async () => {
  let runs = 0;
  const ended = Promise.withResolvers<void>();
  const job = createRepeatedJob({
    ...HARMLESS,
    work: async () => {
      runs += 1;
      await ended.promise;
      return false;
    },
  });
  job.start();
  await expect.poll(() => runs, SOON).toBe(1);
  for (let time = 0; time < 5; time += 1) job.wake();
  ended.resolve();
  await expect.poll(() => runs, SOON).toBe(2);
  await job.stop();
});

test("who has stopped is not woken", async () => {
  let runs = 0;
  const job = createRepeatedJob({
    ...HARMLESS,
    work: () => {
      runs += 1;
      return Promise.resolve(false);
    },
  });
  await job.stop();
  vi.useFakeTimers();
  job.start();
  job.wake();
  expect(vi.getTimerCount()).toBe(0);
  vi.useRealTimers();
  expect(runs).toBe(0);
});

test("work that is not finished, or that another console does, is tried again", async () => {
  const answers = [true, undefined, false];
  let asked = 0;
  const job = createRepeatedJob({
    ...HARMLESS,
    work: () => Promise.resolve(false),
    claim: () => Promise.resolve(answers[asked++]),
  });
  job.start();
  await expect.poll(() => asked, SOON).toBe(3);
  await job.stop();
});

test("one slow run, as of a process that has just begun, keeps nothing waiting; two do", async () => {
  vi.useFakeTimers();
  const took = [2000, 1, 2000, 2000, 1];
  const begunMs: number[] = [];
  const job = createRepeatedJob({
    ...HARMLESS,
    work: async () => {
      begunMs.push(performance.now());
      await new Promise((resolve) => setTimeout(resolve, took[begunMs.length - 1]));
      return false;
    },
  });
  job.start();
  for (let second = 0; second < 40; second += 1) {
    job.wake();
    await vi.advanceTimersByTimeAsync(1000);
  }
  await job.stop();
  vi.useRealTimers();
  const pauses = begunMs
    .slice(1)
    .map((ms, index) => ms - (begunMs[index] ?? 0) - (took[index] ?? 0));
  expect(pauses.slice(0, 3).every((pause) => pause <= 1000)).toBe(true);
  expect(pauses[3]).toBeGreaterThanOrEqual(18_000);
});

test("without being woken it looks again after its rest", async () => {
  let runs = 0;
  const job = createRepeatedJob({
    ...HARMLESS,
    restMs: 5,
    work: () => {
      runs += 1;
      return Promise.resolve(false);
    },
  });
  job.start();
  await expect.poll(() => runs, SOON).toBeGreaterThan(3);
  await job.stop();
});
