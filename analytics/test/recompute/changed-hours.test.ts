import { expect, test } from "vitest";
import type { ManifestFile } from "../../src/lake/manifest.ts";
import { ChangedHours } from "../../src/recompute/changed-hours.ts";

const HOUR_MS = 3_600_000;
const NOON = Date.UTC(2026, 2, 2, 12);

function file(fromMs: number, toMs: number, values: Partial<ManifestFile> = {}): ManifestFile {
  return {
    key: "key",
    kind: "spans",
    sha256: "",
    sizeBytes: 1,
    rows: 1,
    minStartTime: new Date(fromMs).toISOString().replace("Z", "000Z"),
    maxStartTime: new Date(toMs).toISOString().replace("Z", "000Z"),
    projects: ["p"],
    rowVersion: 2,
    ...values,
  };
}

function hours(changed: ChangedHours, max = 1000): number[] {
  return changed.take(max).map(({ range }) => (range.fromUnixMs - NOON) / HOUR_MS);
}

test("the hours of new rows have changed, with those that rows of the same calls may lie in", () => {
  const changed = new ChangedHours();
  changed.note([file(NOON - 90 * 60_000, NOON - 5 * 60_000)], NOON);
  expect(hours(changed)).toEqual([0, -1, -2]);
  expect(hours(changed)).toEqual([]);
});

test("the newest hours come first, and what was given back comes again", () => {
  const changed = new ChangedHours();
  changed.note([file(NOON - 3.5 * HOUR_MS, NOON - 1.5 * HOUR_MS)], NOON);
  const taken = changed.take(2);
  expect(changed.count).toBe(1);
  changed.giveBack(taken);
  expect(hours(changed)).toEqual([-2, -3, -4]);
});

test("rows of years ago, rows of the future and files of corrections change nothing near", () => {
  const changed = new ChangedHours();
  const corrections = file(NOON, NOON, { kind: "corrections" });
  changed.note([file(0, 1), file(NOON + 1e12, NOON + 1e12), corrections], NOON);
  expect(changed.count).toBe(0);
  changed.note([file(0, NOON + 1e12, { projects: ["p", "q"] })], NOON);
  expect(changed.count).toBe(2 * 50);
});
