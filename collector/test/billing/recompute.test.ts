import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runCli } from "@lensai/analytics/cli/run-cli";
import { DuckDb } from "@lensai/analytics/duckdb/connect";
import { sql } from "@lensai/analytics/duckdb/sql";
import { appendRows } from "@lensai/analytics/lake/append";
import { openLake } from "@lensai/analytics/lake/open-lake";
import { LakeIndex } from "@lensai/analytics/lake/read-manifest";
import { openStore } from "@lensai/analytics/object-store/open-store";
import { manifestSource } from "@lensai/analytics/queries/manifest-source";
import { scanOf } from "@lensai/analytics/queries/query-source";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import * as fc from "fast-check";
import { afterAll, expect, it } from "vitest";
import { BatchBilling } from "../../src/billing/batch-billing.ts";
import type { WindowLimits } from "../../src/billing/call-window.ts";
import {
  estimated,
  missing,
  record,
  reported,
} from "../../../otel-config/test/billing/sample-records.ts";
import { batchOf, hexId, rowOf, textOf } from "./call-rows.ts";
import { cut, randomLandings, verdictsAtOnce } from "./random-landings.ts";

const RUNS = { numRuns: 15 };
const LANDED_AT_MS = 1_795_462_289_000;
/** Forgets nearly everything from one batch to the next. */
const SHORT_MEMORY: WindowLimits = { halfRecords: 2, halfLinks: 2 };
/** Knows the batch before. */
const NO_MEMORY: WindowLimits = { halfRecords: 1, halfLinks: 1 };
const RANGE = ["--from", "2026-11-23", "--to", "2026-11-25"];

const duckDb = new DuckDb({ threads: 1 });
afterAll(() => duckDb.close());

interface TestLake {
  land(batches: readonly (readonly SpanRow[])[], limits?: WindowLimits): Promise<void>;
  recompute(...options: string[]): Promise<string>;
  verdicts(): Promise<ReadonlyMap<number, string>>;
}

async function withLake<T>(run: (lake: TestLake) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "lensai-recompute-"));
  const store = await openStore(join(folder, "data", "lake"));
  const lake = openLake({ store, region: "local" });
  try {
    return await run({
      land: async (batches, limits) => {
        const billing = new BatchBilling(limits);
        for (const [number, rows] of batches.entries()) {
          const batch = batchOf(rows);
          const corrections = billing.bill(batch, LANDED_AT_MS + number);
          const landedAt = new Date(LANDED_AT_MS + number);
          await appendRows(lake, batch, { name: `c-${number}`, landedAt, corrections });
        }
      },
      recompute: async (...options) => {
        let output = "";
        await runCli(["recompute", ...RANGE, ...options], {
          environment: { LENSAI_DATA_DIR: "data" },
          workingDir: folder,
          userName: "ann",
          now: () => new Date(LANDED_AT_MS + 60_000),
          write: (text) => {
            output += text;
          },
          fail: () =>
            expect.unreachable("the recomputation says that something is not as it should be"),
        });
        return output;
      },
      verdicts: async () => {
        const files = (await LakeIndex.open(lake)).allFiles();
        const paths = files.map(({ key }) => store.localPath?.(key) ?? "");
        const rows = await duckDb.query(sql`SELECT record_ordinal, billed, bill_rule, shadowed_by
          FROM ${scanOf(manifestSource(files, paths))} WHERE record_ordinal < 1000`);
        return new Map(
          rows.map(({ record_ordinal: ordinal, billed, bill_rule: rule, shadowed_by: by }) => [
            Number(ordinal),
            textOf(billed === true, rule, by),
          ]),
        );
      },
    });
  } finally {
    await store.close();
    await rm(folder, { recursive: true });
  }
}

const sorted = (verdicts: ReadonlyMap<number, string>): unknown =>
  [...verdicts].toSorted(([left], [right]) => left - right);

it("gives the verdicts of all records at once, however little the collector remembered", async () => {
  await fc.assert(
    fc.asyncProperty(randomLandings, ({ records, links, rows, borders }) =>
      withLake(async (lake) => {
        await lake.land(cut(rows, borders), SHORT_MEMORY);
        await lake.recompute();
        expect(sorted(await lake.verdicts())).toEqual(sorted(verdictsAtOnce(records, links)));
      }),
    ),
    RUNS,
  );
});

it("changes nothing when the collector remembered everything", async () => {
  await fc.assert(
    fc.asyncProperty(randomLandings, ({ records, rows, borders }) =>
      withLake(async (lake) => {
        await lake.land(cut(rows, borders));
        expect(await lake.recompute()).toBe(`0 of ${records.length} verdicts changed\n`);
      }),
    ),
    RUNS,
  );
});

it("names the record that is billed instead, where that is another one by now", async () => {
  const answer = { responseId: "r-1" };
  const samples = [
    record("first", { ...answer, scope: "a", usage: estimated(9, 3) }),
    record("repeat", { ...answer, scope: "b", usage: missing }),
    record("between", { atMs: 9000 }),
    record("better", { ...answer, scope: "c", usage: reported(10, 3) }),
  ];
  await withLake(async (lake) => {
    const rows = samples.map((sample, at) => rowOf(sample, at));
    // The collector still knows the first when the second comes, and neither when the last one does.
    await lake.land([rows.slice(0, 2), rows.slice(2, 3), rows.slice(3)], NO_MEMORY);
    expect((await lake.verdicts()).get(1)).toBe(textOf(false, "same_response", hexId("first", 16)));
    await lake.recompute();
    expect((await lake.verdicts()).get(1)).toBe(
      textOf(false, "same_response", hexId("better", 16)),
    );
  });
});

it("knows how long a call took: what began within it may be the same one", async () => {
  const counts = { usage: reported(1000, 300) };
  const samples = [
    record("whole", { ...counts, scope: "a", lastsMs: 4000 }),
    record("between", { atMs: 9000 }),
    record("within", { ...counts, scope: "b", atMs: 500, lastsMs: 3400 }),
  ];
  await withLake(async (lake) => {
    await lake.land(
      samples.map((sample, at) => [rowOf(sample, at)]),
      NO_MEMORY,
    );
    expect(await lake.recompute()).toContain("1 of 3 verdicts changed");
  });
});

it("only says what it would change in a dry run", async () => {
  const twice = { trace: "t1", span: "s1" };
  const samples = [record("first", twice), record("between"), record("second", twice)];
  await withLake(async (lake) => {
    await lake.land(
      samples.map((sample, at) => [rowOf(sample, at)]),
      NO_MEMORY,
    );
    const before = await lake.verdicts();
    expect(await lake.recompute("--dry-run")).toContain("1 of 3 verdicts would change");
    expect(await lake.verdicts()).toEqual(before);
    expect(await lake.recompute()).toContain("1 of 3 verdicts changed");
    expect(await lake.verdicts()).not.toEqual(before);
    expect(await lake.recompute("--project", "p")).toBe("0 of 3 verdicts changed\n");
  });
});

it("refuses a project that the lake does not have", async () => {
  await withLake(async (lake) => {
    await lake.land([[rowOf(record("one"), 0)]]);
    await expect(lake.recompute("--project", "q")).rejects.toThrow('the lake has no project "q"');
  });
});
