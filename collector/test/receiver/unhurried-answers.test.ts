import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { UnhurriedAnswers } from "../../src/receiver/unhurried-answers.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Counts what has been answered. */
function crowd(): { ask: () => void; answered: () => number } {
  const answers = new UnhurriedAnswers(() => Date.now());
  let answered = 0;
  return {
    ask: () => void answers.turn().then(() => (answered += 1)),
    answered: () => answered,
  };
}

test("nobody is answered while others come, and all when no more do", async () => {
  const { ask, answered } = crowd();
  for (let each = 0; each < 10; each += 1) {
    ask();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(answered()).toBe(0);
  await vi.advanceTimersByTimeAsync(60);
  expect(answered()).toBe(10);
});

test("a crowd that never ends is answered within two seconds all the same", async () => {
  const { ask, answered } = crowd();
  for (let each = 0; each < 21; each += 1) {
    ask();
    await vi.advanceTimersByTimeAsync(100);
  }
  expect(answered()).toBeGreaterThan(0);
});

test("answers leave the event loop to others in between, and who comes meanwhile is answered too", async () => {
  const { ask, answered } = crowd();
  for (let each = 0; each < 50; each += 1) ask();
  vi.advanceTimersByTime(150);
  await Promise.resolve();
  expect(answered()).toBe(20);
  ask();
  await vi.advanceTimersByTimeAsync(10);
  expect(answered()).toBe(51);
  ask();
  await vi.advanceTimersByTimeAsync(160);
  expect(answered()).toBe(52);
});
