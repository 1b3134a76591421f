import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planCompaction } from "../../src/compaction/plan-compaction.ts";
import { lakeKey } from "../../src/lake/layout.ts";
import type { FileKind } from "../../src/lake/layout.ts";
import type { ManifestFile } from "../../src/lake/manifest.ts";

const DAY = 20_781;
const NOON = DAY * 86_400_000 + 43_200_000;
const KIB = 1024;
const MIB = 1024 * KIB;

let made = 0;
function file(sizeBytes: number, { kind = "spans", day = DAY, rowVersion = 2 } = {}): ManifestFile {
  made += 1;
  return {
    key: lakeKey({ kind: kind as FileKind, region: "local", day, name: `c1-${made}` }),
    kind: kind as FileKind,
    sha256: "0".repeat(64),
    sizeBytes,
    rows: 1,
    minStartTime: "2026-11-24T00:00:00.000000Z",
    maxStartTime: "2026-11-24T00:00:00.000000Z",
    projects: ["p"],
    rowVersion,
  };
}
const files = (count: number, sizeBytes: number, of = {}): ManifestFile[] =>
  Array.from({ length: count }, () => file(sizeBytes, of));
const sizes = (planned: readonly ManifestFile[]): number[] => planned.map((each) => each.sizeBytes);
const plan = (lake: readonly ManifestFile[]): number[][] =>
  planCompaction(lake, NOON).map((group) => sizes(group.files));

describe("planning a compaction", () => {
  test("waits for 32 files of a day that still gets rows, and for 8 of one that is over", () => {
    const yesterday = { day: DAY - 1 };
    expect(plan([...files(31, KIB), ...files(7, KIB, yesterday)])).toEqual([]);
    expect(plan([...files(32, KIB), ...files(8, KIB, yesterday)])).toEqual([
      Array(32).fill(KIB),
      Array(8).fill(KIB),
    ]);
    const justAfter = (DAY + 1) * 86_400_000 + 3_600_000;
    expect(planCompaction(files(8, KIB), justAfter)).toEqual([]);
  });

  test("never mixes kinds, days or row versions", () => {
    const lake = [
      ...files(20, KIB),
      ...files(20, KIB, { kind: "content" }),
      ...files(7, KIB, { day: DAY - 1 }),
      ...files(7, KIB, { day: DAY - 2 }),
      ...files(20, KIB, { rowVersion: 1 }),
    ];
    expect(plan(lake)).toEqual([]);
  });

  test("merges files of similar sizes, the smallest that are enough", () => {
    expect(plan([...files(32, KIB), file(4 * KIB)])).toEqual([[...Array(32).fill(KIB), 4 * KIB]]);
    expect(plan([...files(32, KIB), file(5 * KIB)])).toEqual([Array(32).fill(KIB)]);
    expect(plan([...files(31, KIB), ...files(32, 32 * KIB)])).toEqual([Array(32).fill(32 * KIB)]);
  });

  test("makes no file beyond 64 MiB, and reads no more than 256 MiB at once", () => {
    expect(plan(files(100, MIB))).toEqual([Array(64).fill(MIB)]);
    const days = Array.from({ length: 6 }, (_, ago) => files(64, MIB, { day: DAY - ago }));
    expect(plan(days.flat())).toHaveLength(4);
  });

  test("a day of small landings ends as few files, each row written again a few times", () => {
    let lake: ManifestFile[] = [];
    let writtenBytes = 0;
    let most = 0;
    for (let landing = 0; landing < 17_280; landing += 1) {
      lake.push(file(20 * KIB));
      if (landing % 24 !== 0) continue;
      for (const group of planCompaction(lake, NOON)) {
        const gone = new Set(group.files);
        const sizeBytes = sizes(group.files).reduce((sum, size) => sum + size, 0);
        lake = [...lake.filter((each) => !gone.has(each)), file(sizeBytes)];
        writtenBytes += sizeBytes;
      }
      most = Math.max(most, lake.length);
    }
    expect(most).toBeLessThan(150);
    expect(writtenBytes / (17_280 * 20 * KIB)).toBeLessThan(5);
  });

  test("files of any sizes become few", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 80 * MIB }), { maxLength: 300 }), (all) => {
        let lake = all.map((sizeBytes) => file(sizeBytes, { day: DAY - 3 }));
        for (let passes = 0; ; passes += 1) {
          expect(passes).toBeLessThan(100);
          const [group] = planCompaction(lake, NOON);
          if (group === undefined) break;
          const gone = new Set(group.files);
          expect(gone.size).toBeGreaterThanOrEqual(8);
          lake = [
            ...lake.filter((each) => !gone.has(each)),
            file(
              sizes(group.files).reduce((sum, size) => sum + size, 0),
              { day: DAY - 3 },
            ),
          ];
        }
        // Seven of each size, and those of which eight are too much for one file.
        expect(lake.filter(({ sizeBytes }) => sizeBytes < 8 * MIB).length).toBeLessThan(8 * 14);
      }),
      { numRuns: 50 },
    );
  });
});
