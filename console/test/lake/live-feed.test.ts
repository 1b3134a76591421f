import { afterEach, beforeEach, expect, test, vi, type MockInstance } from "vitest";
import { createLiveFeed, LISTENERS_MAX, type LiveFeed } from "#lib/server/lake/live-feed.ts";

const POLL_INTERVAL_MS = 1000;

/** Answers of the next looks; when they are used up, there is no news. */
let answers: (readonly string[] | Error)[];
let looks: number;
let feed: LiveFeed;
let stderr: MockInstance;

beforeEach(() => {
  vi.useFakeTimers();
  stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  answers = [];
  looks = 0;
  feed = createLiveFeed({
    pollIntervalMs: POLL_INTERVAL_MS,
    lookForNews: () => {
      looks += 1;
      const answer = answers.shift() ?? [];
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(new Set(answer));
    },
  });
});

afterEach(() => {
  feed.stop();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

test("does not look while nobody listens", async () => {
  await pass(60_000);
  expect(looks).toBe(0);
  const unsubscribe = feed.subscribe("a", () => undefined);
  await pass(3 * POLL_INTERVAL_MS);
  expect(looks).toBe(3);
  unsubscribe();
  await pass(60_000);
  expect(looks).toBe(3);
  expect(vi.getTimerCount()).toBe(0);
});

test("looks once for all listeners and tells those of the project", async () => {
  const told: string[] = [];
  for (const projectId of ["a", "a", "b"]) feed.subscribe(projectId, () => told.push(projectId));
  answers = [["a", "c"]];
  await pass(POLL_INTERVAL_MS);
  expect(told).toEqual(["a", "a"]);
  expect(looks).toBe(1);
});

test("goes on for the listeners who stay", async () => {
  const told: string[] = [];
  const leave = feed.subscribe("a", () => told.push("first"));
  feed.subscribe("a", () => told.push("second"));
  leave();
  answers = [["a"]];
  await pass(POLL_INTERVAL_MS);
  expect(told).toEqual(["second"]);
});

test("looks less and less often while the lake cannot be read, and at once again afterwards", async () => {
  let told = 0;
  feed.subscribe("a", () => (told += 1));
  answers = [new Error("no lake"), new Error("no lake"), ["a"], ["a"]];
  await pass(POLL_INTERVAL_MS);
  expect(looks).toBe(1);
  await pass(2 * POLL_INTERVAL_MS - 1);
  expect(looks).toBe(1);
  await pass(1);
  expect(looks).toBe(2);
  await pass(4 * POLL_INTERVAL_MS);
  expect([looks, told]).toEqual([3, 1]);
  await pass(POLL_INTERVAL_MS);
  expect([looks, told]).toEqual([4, 2]);
});

test("logs an unreadable lake once, not at every look", async () => {
  feed.subscribe("a", () => undefined);
  answers = [new Error("no lake"), new Error("no lake"), new Error("no lake")];
  await pass(60_000);
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
  feed.stop();
  await pass(60_000);
  expect([looks, told]).toEqual([0, 0]);
  expect(feed.ending.aborted).toBe(true);
});
