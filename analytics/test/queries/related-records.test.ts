import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { expect, test } from "vitest";
import { relatedRecords } from "../../src/queries/related-records.ts";
import type { RelatedRecordsInput } from "../../src/queries/related-records.ts";
import { DAY_MS, useTestLake, spanRow } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const range = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000, limit: 10 };

/** The billed span "aa" of trace 1, a repeat above it, a twin in trace 2, and a call of its own. */
const rows: readonly SpanRow[] = [
  spanRow(1, { record_ordinal: 0n, trace_id: "1", span_id: "aa", bill_rule: "call" }),
  shadowed(2, { record_ordinal: 1n, trace_id: "1", span_id: "bb", bill_rule: "nested" }),
  shadowed(3, { record_ordinal: 2n, trace_id: "2", span_id: "cc", bill_rule: "twin" }),
  // A log inside the billed span: it has the same ids.
  shadowed(4, {
    record_ordinal: 3n,
    trace_id: "1",
    span_id: "aa",
    signal: "log",
    bill_rule: "same_span",
  }),
  spanRow(5, { record_ordinal: 4n, trace_id: "1", span_id: "dd", bill_rule: "call" }),
  shadowed(6, { record_ordinal: 5n, trace_id: "3", span_id: "ee", project_id: "p2" }),
];

function shadowed(startMs: number, values: SpanRow): SpanRow {
  return spanRow(startMs, { billed: false, shadowed_by: "aa", ...values });
}

const asked = (place: bigint, ids: Partial<RelatedRecordsInput>): RelatedRecordsInput => ({
  ...range,
  batchId: "0123456789abcdef",
  recordOrdinal: place,
  spanId: undefined,
  shadowedBy: undefined,
  ...ids,
});

async function relatives(name: string, input: RelatedRecordsInput): Promise<string[]> {
  const files = [await lake.write(name, rows)];
  const found = await relatedRecords("p1", input, { duckDb, source: { files } });
  return found.map(({ relation, spanId, signal }) => `${relation} ${spanId} ${signal}`);
}

test("of a billed call are its repeats in any trace, and the log inside it", async () => {
  expect(await relatives("billed", asked(0n, { spanId: "aa" }))).toEqual([
    "repeats bb span",
    "repeats cc span",
    "repeats aa log",
  ]);
});

test("of a repeat are the billed record first, then what else it stands for", async () => {
  expect(await relatives("repeat", asked(1n, { spanId: "bb", shadowedBy: "aa" }))).toEqual([
    "billed_instead aa span",
    "repeats cc span",
    "repeats aa log",
  ]);
});

test("of a record without ids are found by the span that is billed instead", async () => {
  const found = await relatives("log", asked(99n, { shadowedBy: "aa" }));
  expect(found[0]).toBe("billed_instead aa span");
});

test("of a call that nobody repeats are none, and of one without ids neither", async () => {
  expect(await relatives("alone", asked(4n, { spanId: "dd" }))).toEqual([]);
  expect(await relatives("nameless", asked(4n, {}))).toEqual([]);
});

test("come with what they say, and stop at the limit", async () => {
  const files = [await lake.write("values", rows)];
  const target = { duckDb, source: { files } };
  const input = { ...asked(0n, { spanId: "aa" }), limit: 1 };
  expect(await relatedRecords("p1", input, target)).toEqual([
    expect.objectContaining({
      recordOrdinal: 1n,
      traceId: "1",
      startUnixMs: DAY_MS + 2,
      isBilled: false,
      billRule: "nested",
      inputTokens: undefined,
      costNanoUsd: undefined,
    }),
  ]);
  expect(await relatedRecords("p1", input, { duckDb, source: { files: [] } })).toEqual([]);
});
