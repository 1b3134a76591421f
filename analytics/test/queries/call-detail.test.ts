import { readRow } from "@lensai/otel-config/span-row/span-row";
import { expect, test } from "vitest";
import { callDetail } from "../../src/queries/call-detail.ts";
import { DAY_MS, batchOf, useTestLake, spanRow } from "../support/span-rows.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";
const ids = { trace_id: traceId, span_id: spanId };
const record = { traceId, spanId };
const input = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000, record };
const { duckDb, lake } = useTestLake();

test("gives every column of the record, with its content from the content file", async () => {
  const row = spanRow(7, {
    ...ids,
    cost_nano_usd: 9_007_199_254_740_993n,
    streaming: true,
    attributes: '{"a":"é"}',
    input_messages: '[{"role":"user"}]',
  });
  const other = spanRow(7, { ...ids, span_id: "0000000000000001", input_messages: "no" });
  const files = [await lake.write("spans", [other, row])];
  const content = { files: [await lake.write("content", [other, row], "content")] };
  const target = { duckDb, source: { files } };
  const whole = readRow(batchOf([row]), 0);
  expect(await callDetail("p1", { ...input, content }, target)).toEqual(whole);
  expect(await callDetail("p1", input, target)).toEqual({ ...whole, input_messages: null });
});

test("of several copies, the last to arrive counts", async () => {
  const files = [
    await lake.write("copies", [
      spanRow(7, { ...ids, received_at: 5n, status: "unset" }),
      spanRow(7, { ...ids, received_at: 9n, status: "ok" }),
      spanRow(7, { ...ids, received_at: 7n, status: "error" }),
    ]),
  ];
  const row = await callDetail("p1", input, { duckDb, source: { files } });
  expect(row?.["status"]).toBe("ok");
});

test("a span counts before a log that was written inside it and came later", async () => {
  const files = [
    await lake.write("inside", [
      spanRow(8, { ...ids, signal: "log", received_at: 9n }),
      spanRow(7, { ...ids, received_at: 5n }),
    ]),
  ];
  const row = await callDetail("p1", input, { duckDb, source: { files } });
  expect(row?.["signal"]).toBe("span");
});

test("finds a record without ids by its place in the request, without anybody's content", async () => {
  const log = { signal: "log", batch_id: "b1", trace_id: null, span_id: null };
  const files = [
    await lake.write("places", [
      spanRow(7, { ...log, record_ordinal: 0n }),
      spanRow(7, { ...log, record_ordinal: 1n, user_id: "ada" }),
    ]),
  ];
  const theirs = spanRow(7, { ...log, output_messages: "whose?" });
  const content = { files: [await lake.write("places-content", [theirs], "content")] };
  const place = { batchId: "b1", recordOrdinal: 1n };
  const target = { duckDb, source: { files } };
  const row = await callDetail("p1", { ...input, record: place, content }, target);
  expect(row).toMatchObject({ user_id: "ada", output_messages: null });
});

test("does not find it under another project, another trace, or outside the range", async () => {
  const row = spanRow(0, { ...ids, input_messages: "secret" });
  const files = [await lake.write("hidden", [row])];
  const content = { files: [await lake.write("hidden-content", [row], "content")] };
  const target = { duckDb, source: { files } };
  expect(await callDetail("p2", { ...input, content }, target)).toBeUndefined();
  const otherTrace = { traceId: spanId, spanId };
  expect(await callDetail("p1", { ...input, record: otherTrace }, target)).toBeUndefined();
  const later = { ...input, fromUnixMs: DAY_MS + 1 };
  expect(await callDetail("p1", later, target)).toBeUndefined();
  expect(await callDetail("p1", input, target)).toBeDefined();
});

test("never takes content from another project's record of the same ids", async () => {
  const files = [await lake.write("mine", [spanRow(0, ids)])];
  const theirs = spanRow(0, { ...ids, project_id: "p2", input_messages: "theirs" });
  const content = { files: [await lake.write("theirs", [theirs], "content")] };
  const row = await callDetail("p1", { ...input, content }, { duckDb, source: { files } });
  expect(row?.["input_messages"]).toBeNull();
});

test("is absent when there are no files", async () => {
  expect(await callDetail("p1", input, { duckDb, source: { files: [] } })).toBeUndefined();
});
