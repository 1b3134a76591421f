import { expect } from "vitest";
import type { CrashResult } from "./crash-run.ts";

/** Nothing acknowledged is missing, nothing is there twice. */
export function expectExactlyOnce(result: CrashResult, counts: ReadonlyMap<string, number>): void {
  const missing = [...result.acknowledged].filter((id) => !counts.has(id));
  const repeated = [...counts].filter(([, count]) => count !== 1).map(([id]) => id);
  expect({ missing: missing.length, repeated: repeated.length }).toEqual({
    missing: 0,
    repeated: 0,
  });
  expect(result.repeats).toBeGreaterThan(0);
  expect(counts.size).toBe(result.acknowledged.size);
}
