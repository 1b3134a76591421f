import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { expect, test } from "vitest";
import { rollbackRows } from "../../src/landing/rollback-rows.ts";
import { decodeIds, idsIn, recordOf, spanId } from "./test-rows.ts";

test.each([0, 1, 2, 3])(
  "after a rollback to %i rows the batch is as if no more had come",
  (kept) => {
    const batch = new RowBatch(8);
    decodeIds(recordOf([1, 2, 3].map((n) => spanId(n))), batch);
    rollbackRows(batch, kept);
    const expected = new RowBatch(8);
    decodeIds(recordOf([1, 2, 3].slice(0, kept).map((n) => spanId(n))), expected);
    expect(batch.mark()).toEqual(expected.mark());
    decodeIds(recordOf([spanId(9)]), batch);
    decodeIds(recordOf([spanId(9)]), expected);
    expect(idsIn(batch)).toEqual(idsIn(expected));
  },
);

test("a rollback forward changes nothing", () => {
  const batch = new RowBatch(8);
  decodeIds(recordOf([spanId(1)]), batch);
  rollbackRows(batch, 5);
  expect(batch.rowCount).toBe(1);
});
