import { RowBatch, dictionaryEntry } from "@lensai/otel-config/span-row/row-batch";
import { expect, test } from "vitest";
import { ConstantText, RowSink } from "../../src/decode/row-sink.ts";

const signalsOf = (batch: RowBatch): string[] => {
  const column = batch.dictionary("signal");
  return Array.from({ length: batch.rowCount }, (_, row) =>
    Buffer.from(dictionaryEntry(column, (column.codes[row] as number) - 1)).toString(),
  );
};

test("two decoders that work in turn do not take each other's codes for a constant", () => {
  const span = new ConstantText("signal", "span");
  const log = new ConstantText("signal", "log");
  const batches = [new RowBatch(8), new RowBatch(8)] as const;
  const sinks = batches.map((batch) => new RowSink(batch));
  const orders = [
    [span, log],
    [log, span],
  ] as const;
  for (const step of [0, 1]) {
    for (const [index, sink] of sinks.entries()) {
      sink.open(batches[index] as RowBatch, 1);
      sink.setConstant(orders[index]?.[step] as ConstantText);
      sink.commit(0);
    }
  }
  expect(batches.map((batch) => signalsOf(batch))).toEqual([
    ["span", "log"],
    ["log", "span"],
  ]);
});
