import { afterEach, beforeEach, expect, test, vi, type MockInstance } from "vitest";
import { createLiveFeed, LISTENERS_MAX, type LiveFeed } from "#lib/server/lake/live-feed.ts";

const REST_MS = 15_000;
const SOON_MS = 100;

/** Answers of the next looks; when they are used up, there is no news. */
let answers: (readonly string[] | Error)[];
let looks: number;
let feed: LiveFeed;
let stderr: MockInstance;

beforeEach(async () => {
  vi.useFakeTimers();
  stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  answers = [];
  feed = createLiveFeed({
    restMs: REST_MS,
    lookForNews: () => {
      looks += 1;
      const answer = answers.shift() ?? [];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(new Set(answer));
    },
  });
  feed.start();
  await pass(SOON_MS);
  looks = 0;
});

afterEach(async () => {
  await feed.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test("looks as soon as something has landed, and seldom otherwise", async () => {
  let told = 0;
  feed.subscribe("a", () => (told += 1));
  answers = [["a"]];
  feed.wake();
  await pass(SOON_MS);
  expect([looks, told]).toEqual([1, 1]);
  await pass(REST_MS - 2 * SOON_MS);
  expect(looks).toBe(1);
  // Somebody has landed without a word.
  answers = [["a"]];
  await pass(2 * SOON_MS);
  expect([looks, told]).toEqual([2, 2]);
});

test("looks once for all that lands at the same time, and tells those of the project", async () => {
  const told: string[] = [];
  for (const projectId of ["a", "a", "b"]) feed.subscribe(projectId, () => told.push(projectId));
  feed.follow((projectIds) => told.push(...projectIds));
  answers = [["a", "c"]];
  for (let landing = 0; landing < 20; landing += 1) feed.wake();
  await pass(SOON_MS);
  expect(told).toEqual(["a", "a", "a", "c"]);
  expect(looks).toBe(1);
});

test("goes on for the listeners who stay", async () => {
  const told: string[] = [];
  const leave = feed.subscribe("a", () => told.push("first"));
  feed.subscribe("a", () => told.push("second"));
  leave();
  answers = [["a"]];
  feed.wake();
  await pass(SOON_MS);
  expect(told).toEqual(["second"]);
});

test("a lake that cannot be read is logged once, and news are found as soon as it can", async () => {
  let told = 0;
  feed.subscribe("a", () => (told += 1));
  answers = [new Error("no lake"), new Error("no lake"), new Error("no lake"), ["a"]];
  feed.wake();
  await pass(REST_MS);
  expect([looks, told]).toEqual([4, 1]);
  expect(stderr).toHaveBeenCalledTimes(1);
});

test("is full at its limit, and takes one more when one has left", () => {
  const leave = Array.from({ length: LISTENERS_MAX - 1 }, (_, index) =>
    feed.subscribe(`p${index % 3}`, () => index),
  );
  expect(feed.isFull()).toBe(false);
  feed.subscribe("a", () => undefined);
  expect(feed.isFull()).toBe(true);
  leave[0]?.();
  leave[0]?.();
  expect(feed.isFull()).toBe(false);
  feed.subscribe("a", () => undefined);
  expect(feed.isFull()).toBe(true);
});

test("tells nobody after the end, and says that it is ending", async () => {
  let told = 0;
  feed.subscribe("a", () => (told += 1));
  answers = [["a"]];
  feed.wake();
  await feed.stop();
  feed.wake();
  await pass(60_000);
  expect([looks, told]).toEqual([0, 0]);
  expect(feed.ending.aborted).toBe(true);
  expect(vi.getTimerCount()).toBe(0);
});
