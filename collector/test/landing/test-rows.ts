import { createHash } from "node:crypto";
import {
  addDictionaryEntry,
  dictionaryEntry,
  plainValue,
  setInt64,
  setPlain,
} from "@lensai/otel-config/span-row/row-batch";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { WalRecord, WalRecordInput } from "../../src/landing/wal-record.ts";

/**
 * The smallest thing that is a request for the landing code: one span id per line, each of which becomes a
 * row. Lines are 16 hexadecimal digits.
 */
export function payloadOf(ids: readonly string[]): Buffer {
  return Buffer.from(ids.join("\n"));
}

export const idsOf = (payload: Uint8Array): string[] =>
  Buffer.from(payload)
    .toString()
    .split("\n")
    .filter((id) => id !== "");

export function batchIdOf(payload: Uint8Array): Uint8Array {
  return createHash("sha256").update(payload).digest().subarray(0, 16);
}

/** The n-th span id of a test. */
export const spanId = (n: number): string => n.toString(16).padStart(16, "0");

export function recordOf(
  ids: readonly string[],
  overrides: Partial<WalRecordInput> = {},
): WalRecordInput {
  const payload = payloadOf(ids);
  return {
    projectId: "default",
    receivedAtMs: 1_790_000_000_000,
    signal: "traces",
    contentPolicy: "redacted",
    batchId: batchIdOf(payload),
    masked: false,
    encoding: "identity",
    rowCount: ids.length,
    spanHashes: Uint32Array.from(ids.flatMap((id) => hashOf(id))),
    payload,
    ...overrides,
  };
}

/** Good enough for a test: the two halves of the id itself. */
export function hashOf(id: string): [number, number] {
  return [parseInt(id.slice(8), 16), parseInt(id.slice(0, 8), 16)];
}

/** The decoder that goes with `payloadOf`. */
export function decodeIds(record: WalRecord, batch: RowBatch): void {
  const skipped = new Set(record.skippedOrdinals ?? []);
  for (const [ordinal, id] of idsOf(record.payload).entries()) {
    if (!skipped.has(ordinal)) appendRow(batch, record, id);
  }
}

function appendRow(batch: RowBatch, record: WalRecord, id: string): void {
  const row = batch.rowCount;
  for (const column of batch.columns) {
    if (column.kind === "dictionary") column.codes[row] = 0;
    else if (column.kind === "plain") column.starts[row] = 0;
    else column.valid[row] = 0;
  }
  setPlain(batch.plain("span_id"), row, Buffer.from(id));
  setPlain(batch.plain("trace_id"), row, Buffer.from(id + id));
  setDictionary(batch, "project_id", record.projectId);
  setDictionary(batch, "batch_id", Buffer.from(record.batchId).toString("hex"));
  setDictionary(batch, "signal", "span");
  setInt64(batch.int64("start_time"), row, record.receivedAtMs * 1000);
  setInt64(batch.int64("start_unix_nano"), row, record.receivedAtMs * 1e6);
  setInt64(batch.int64("received_at"), row, record.receivedAtMs * 1000);
  batch.days[row] = Math.floor(record.receivedAtMs / 86_400_000);
  batch.rowCount += 1;
}

function setDictionary(batch: RowBatch, name: string, value: string): void {
  const column = batch.dictionary(name);
  const bytes = Buffer.from(value);
  for (let entry = 0; entry < column.entryCount; entry += 1) {
    if (bytes.equals(dictionaryEntry(column, entry))) {
      column.codes[batch.rowCount] = entry + 1;
      return;
    }
  }
  column.codes[batch.rowCount] = addDictionaryEntry(column, bytes);
}

/** The span ids in a batch, in row order. */
export function idsIn(batch: RowBatch): string[] {
  const column = batch.plain("span_id");
  return Array.from({ length: batch.rowCount }, (_, row) =>
    Buffer.from(plainValue(column, row) ?? []).toString(),
  );
}
