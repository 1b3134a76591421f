import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow } from "@lensai/otel-config/span-row/span-row";
import type { RowValue, SpanRow } from "@lensai/otel-config/span-row/span-row";
import * as fc from "fast-check";

/** The columns that stand for their kind: required and optional, of every type and encoding. */
export const SAMPLE_COLUMNS: readonly string[] = [
  "project_id",
  "user_id",
  "resource",
  "trace_id",
  "attributes",
  "start_time",
  "start_unix_nano",
  "cost_nano_usd",
  "duration_ns",
  "billed",
];

/** How the values of a column follow each other. */
const SPREADS = ["constant", "few", "runs", "rising", "any"] as const;
/** Where the NULLs are. */
const NULLS = ["none", "all", "some", "runs", "first", "last"] as const;

type Spread = (typeof SPREADS)[number];
type Nulls = (typeof NULLS)[number];

const TEXTS: readonly string[] = [
  "",
  "a",
  "é",
  "😀",
  "ab",
  "long ".repeat(50),
  "\u0000",
  "z".repeat(31),
];
const INTEGERS: readonly bigint[] = [
  0n,
  1n,
  -1n,
  255n,
  2n ** 31n,
  2n ** 32n - 1n,
  -(2n ** 32n),
  2n ** 51n,
  2n ** 53n + 1n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];
const RUN_LENGTHS: readonly number[] = [1, 3, 7, 8, 9, 16, 31, 33, 64, 100];

export interface RandomTable {
  readonly rowCount: number;
  readonly seed: number;
  readonly shapes: readonly { readonly spread: Spread; readonly nulls: Nulls }[];
}

/** Row counts around the borders of bytes, miniblocks, blocks and powers of two. */
const rowCounts = fc.oneof(
  fc.constantFrom(
    0,
    1,
    2,
    7,
    8,
    9,
    31,
    32,
    33,
    127,
    128,
    129,
    130,
    255,
    256,
    257,
    1023,
    1024,
    1025,
  ),
  fc.nat(400),
);

export const randomTables: fc.Arbitrary<RandomTable> = fc.record({
  rowCount: rowCounts,
  seed: fc.nat(),
  shapes: fc.array(
    fc.record({ spread: fc.constantFrom(...SPREADS), nulls: fc.constantFrom(...NULLS) }),
    { minLength: SAMPLE_COLUMNS.length, maxLength: SAMPLE_COLUMNS.length },
  ),
});

/** The rows that a description stands for: SAMPLE_COLUMNS, and what else a row must have. */
export function tableRows(table: RandomTable): SpanRow[] {
  const random = numbersFrom(table.seed);
  const rows = Array.from({ length: table.rowCount }, (): Record<string, RowValue> => ({}));
  for (const [index, name] of SAMPLE_COLUMNS.entries()) {
    const shape = table.shapes[index] ?? { spread: "any", nulls: "none" };
    const isRequired = ["project_id", "start_time", "start_unix_nano"].includes(name);
    const values = columnValues(name, shape.spread, random);
    const isNull = nullPattern(isRequired ? "none" : shape.nulls, table.rowCount, random);
    for (const [at, row] of rows.entries()) row[name] = isNull(at) ? null : values(at);
  }
  return rows;
}

export function batchFrom(rows: readonly SpanRow[]): RowBatch {
  const batch = new RowBatch(Math.max(1, rows.length));
  for (const row of rows) appendRow(batch, row, 0);
  return batch;
}

type Random = (below: number) => number;

/** Mulberry32: the same numbers for the same seed. */
export function numbersFrom(seed: number): Random {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

function columnValues(name: string, spread: Spread, random: Random): (row: number) => RowValue {
  const fresh = valueSource(name, random);
  const pool = Array.from({ length: spread === "constant" ? 1 : 5 }, () => fresh(0));
  let current = fresh(0);
  let left = 0;
  return (row) => {
    if (spread === "any") return fresh(0);
    if (spread === "rising") return fresh(row + 1);
    if (spread === "runs") {
      if (left === 0) {
        left = RUN_LENGTHS[random(RUN_LENGTHS.length)] as number;
        current = fresh(0);
      }
      left -= 1;
      return current;
    }
    return pool[random(pool.length)] as RowValue;
  };
}

/** Makes values of a column's type; with `rising` > 0 such that neighbours lie close together. */
function valueSource(name: string, random: Random): (rising: number) => RowValue {
  if (name === "billed") return () => random(2) === 1;
  if (["start_time", "start_unix_nano", "cost_nano_usd", "duration_ns"].includes(name)) {
    // the farthest timestamps mean infinity to DuckDB
    const integers = name === "start_time" ? INTEGERS.slice(0, -2) : INTEGERS;
    return (rising) =>
      rising > 0
        ? 1_790_000_000_000_000_000n + BigInt(rising) * 1_000_003n - BigInt(random(1e9))
        : (integers[random(integers.length)] as bigint);
  }
  return (rising) => {
    const text = TEXTS[random(TEXTS.length)] as string;
    return rising > 0 || random(2) === 0 ? `${text}${random(1e6)}-${rising}` : text;
  };
}

function nullPattern(nulls: Nulls, rowCount: number, random: Random): (row: number) => boolean {
  let isNull = false;
  let left = 0;
  switch (nulls) {
    case "none":
      return () => false;
    case "all":
      return () => true;
    case "some":
      return () => random(2) === 0;
    case "first":
      return (row) => row === 0;
    case "last":
      return (row) => row === rowCount - 1;
    case "runs":
      return () => {
        if (left === 0) {
          left = RUN_LENGTHS[random(RUN_LENGTHS.length)] as number;
          isNull = !isNull;
        }
        left -= 1;
        return isNull;
      };
  }
}
