import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  CORRECTION_NAMES,
  correctionBatch,
  correctionColumns,
} from "../../src/corrections/correction.ts";
import type { Correction, Metered } from "../../src/corrections/correction.ts";
import { sql } from "../../src/duckdb/sql.ts";
import { encodeParquet } from "../../src/parquet/write-parquet.ts";
import { projectSummary } from "../../src/queries/project-summary.ts";
import { rowsOf } from "../../src/queries/query-source.ts";
import type { QuerySource } from "../../src/queries/query-source.ts";
import { correction } from "../corrections/sample-corrections.ts";
import { SPAN_COLUMNS } from "@lensai/otel-config/span-row/columns";
import { landedRecords } from "../../src/recompute/landed-records.ts";
import { DAY_MS, batchOf, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000 };
const ofBatch = { projectId: "p1" };

async function writeCorrections(name: string, corrections: readonly Correction[]): Promise<string> {
  const path = join(lake.folder, `${name}.parquet`);
  const columns = correctionColumns(corrections);
  const batch = correctionBatch(corrections);
  await writeFile(path, encodeParquet(batch, { columns, names: CORRECTION_NAMES, metadata: {} }));
  return path;
}

async function verdicts(source: QuerySource): Promise<unknown[]> {
  const rows = await duckDb.query(
    sql`SELECT record_ordinal, billed, bill_rule, shadowed_by
      ${rowsOf("p1", range, source)} ORDER BY record_ordinal`,
  );
  return rows.map((row) => Object.values(row));
}

async function sum(source: QuerySource): Promise<unknown> {
  const { calls, costNanoUsd } = await projectSummary("p1", range, { duckDb, source });
  return [calls, costNanoUsd];
}

const row = (ordinal: bigint, values = {}): ReturnType<typeof spanRow> =>
  spanRow(Number(ordinal), {
    batch_id: "b",
    record_ordinal: ordinal,
    bill_rule: "call",
    cost_nano_usd: 10n,
    ...values,
  });

describe("verdicts that changed after their rows had landed", () => {
  test("the latest counts, whichever file it is in, and rows without one keep theirs", async () => {
    const rows = await lake.write("rows", [row(1n), row(2n), row(3n, { billed: null })]);
    const early = await writeCorrections("early", [
      correction("b", 1, { ...ofBatch, billRule: "nested", decidedMicros: 1 }),
      correction("b", 2, { ...ofBatch, billRule: "nested", decidedMicros: 2 }),
    ]);
    const late = await writeCorrections("late", [
      correction("b", 1, {
        ...ofBatch,
        billed: true,
        billRule: "call",
        shadowedBy: undefined,
        decidedMicros: 3,
      }),
      correction("b", 2, { ...ofBatch, decidedMicros: 0 }),
    ]);
    expect(await verdicts({ files: [rows], corrections: [late, early] })).toEqual([
      [1n, true, "call", null],
      [2n, false, "nested", "3".repeat(16)],
      [3n, null, "call", null],
    ]);
  });

  test("a correction names its row by project, batch and ordinal", async () => {
    const rows = await lake.write("named", [row(1n)]);
    const others = await writeCorrections("others", [
      correction("b", 1, { projectId: "p2" }),
      correction("c", 1, ofBatch),
      correction("b", 2, ofBatch),
    ]);
    expect(await verdicts({ files: [rows], corrections: [others] })).toEqual([
      [1n, true, "call", null],
    ]);
  });

  test("every figure of a project follows", async () => {
    const rows = await lake.write("summed", [row(1n), row(2n)]);
    const corrections = [await writeCorrections("second", [correction("b", 2, ofBatch)])];
    expect(await sum({ files: [rows] })).toEqual([2, 20n]);
    expect(await sum({ files: [rows], corrections })).toEqual([1, 10n]);
  });

  test("usage and whose work it was stay when only the verdict changes after them", async () => {
    const point = row(1n, { signal: "metric", billed: null, cost_nano_usd: null, team: "own" });
    const rows = await lake.write("metered", [point]);
    const metered: Metered = {
      counts: { input_tokens: 7 },
      usageSource: "reported",
      usageBasis: "spec",
      usageRule: "meter",
      costNanoUsd: 5n,
      priceVersion: "v",
    };
    const first = correction("b", 1, {
      ...ofBatch,
      billed: true,
      billRule: "meter",
      shadowedBy: undefined,
      metered,
      inherited: { team: "other", user_id: "ann" },
      decidedMicros: 1,
    });
    const corrections = [
      await writeCorrections("first", [first]),
      await writeCorrections("later", [
        correction("b", 1, { ...ofBatch, billRule: "meter_told", decidedMicros: 2 }),
        correction("b", 1, {
          ...ofBatch,
          billed: undefined,
          billRule: undefined,
          inherited: { session_id: "s" },
          decidedMicros: 3,
        }),
      ]),
    ];
    const source = { files: [rows], corrections };
    const found = await duckDb.query(
      sql`SELECT billed, bill_rule, input_tokens, cost_nano_usd, team, user_id, session_id ${rowsOf("p1", range, source)}`,
    );
    expect(found.map((each) => Object.values(each))).toEqual([
      [false, "meter_told", 7n, 5n, "own", "ann", "s"],
    ]);
  });

  test("what a metric is billed for is money and tokens, and no call", async () => {
    const point = row(2n, { signal: "metric", input_tokens: 3n });
    const rows = await lake.write("one-call", [row(1n, { input_tokens: 4n }), point]);
    const source = { files: [rows] };
    expect(await projectSummary("p1", range, { duckDb, source })).toMatchObject({
      calls: 1,
      pricedCalls: 1,
      costNanoUsd: 20n,
      inputTokens: 7,
    });
    const alone = { files: [await lake.write("no-call", [point])] };
    expect(await sum(alone)).toEqual([0, 10n]);
  });

  test("rows of version 1, which have no ordinal, are named by their span", async () => {
    const ids = {
      trace_id: "1".repeat(32),
      record_ordinal: null,
      call_role: "inference",
      usage_source: "reported",
    };
    const old = [
      row(1n, { ...ids, span_id: "2".repeat(16) }),
      row(2n, { ...ids, span_id: "4".repeat(16) }),
    ];
    const path = join(lake.folder, "version-1.parquet");
    const columns = SPAN_COLUMNS.filter(({ since, file }) => since === 1 && file === "spans").map(
      ({ name }) => name,
    );
    await writeFile(path, encodeParquet(batchOf(old), { columns, metadata: {} }));
    const unnamed = { ...correction("b", 1, ofBatch), recordOrdinal: undefined };
    const corrections = [await writeCorrections("of-version-1", [unnamed])];
    const source = { files: [path], hasOldRows: true, corrections };
    const found = await duckDb.query(
      sql`SELECT span_id, billed, record_ordinal ${rowsOf("p1", range, source)} ORDER BY span_id`,
    );
    expect(found.map((each) => Object.values(each))).toEqual([
      ["2".repeat(16), false, null],
      ["4".repeat(16), true, null],
    ]);
    const landed = await landedRecords("p1", range, { duckDb, source });
    expect(landed.map(({ spanId, stored }) => [spanId?.[0], stored.billed])).toEqual(
      expect.arrayContaining([
        ["2", false],
        ["4", true],
      ]),
    );
  });
});
