import { afterEach, expect, test, vi } from "vitest";
import { BatchPool } from "../../src/landing/batch-pool.ts";

const LIMITS = { rowsFull: 8, batchesMax: 2, batchBytesMax: 1 << 30, quietMs: 1000 };

afterEach(() => vi.useRealTimers());

test("batches are used over and over while there is traffic", () => {
  vi.useFakeTimers();
  const pool = new BatchPool(LIMITS);
  const first = pool.take();
  const second = pool.take();
  expect(pool.take()).toBeUndefined();
  pool.give(first!);
  vi.advanceTimersByTime(999);
  expect(pool.take()).toBe(first);
  // The timer of the batch given back before does not run while others are in use.
  vi.advanceTimersByTime(1000);
  pool.give(second!);
  expect(pool.take()).toBe(second);
});

test("those not in use are let go when the traffic ends, and as many as before can be made anew", () => {
  vi.useFakeTimers();
  const pool = new BatchPool(LIMITS);
  const used = pool.take();
  const given = pool.take();
  pool.give(given!);
  vi.advanceTimersByTime(1000);
  const made = pool.take();
  expect(made).toBeInstanceOf(Object);
  expect(made).not.toBe(given);
  expect(pool.take()).toBeUndefined();
  expect(used).not.toBe(made);
});
