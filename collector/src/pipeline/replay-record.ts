import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { RequestDecoder } from "../decode/request-decoder.ts";
import type { SpanFilter } from "../decode/trace-decoder.ts";
import type { WalRecord } from "../landing/wal-record.ts";

/**
 * Appends the rows of a logged request to `batch`, exactly as they were appended when it was accepted:
 * spans that were duplicates then are skipped by their ordinals, whatever has been seen since. `body` is
 * the record's payload, inflated; it is masked already, and masking it again changes nothing.
 */
export function replayRecord(
  decoder: RequestDecoder,
  record: WalRecord,
  target: { body: Uint8Array; batch: RowBatch },
): void {
  const { body, batch } = target;
  // Whether a span came twice is not logged; looking for it costs little, and only here.
  batch.hasRepeats = true;
  decoder.decode(
    {
      signal: record.signal,
      body,
      rowsMax: decoder.countRows(record.signal, body),
      facts: {
        projectId: record.projectId,
        apiKeyId: record.apiKeyId,
        batchId: Buffer.from(record.batchId).toString("hex"),
        receivedAtMs: record.receivedAtMs,
        keepsContent: record.contentPolicy === "redacted",
      },
    },
    batch,
    skipOrdinals(record.skippedOrdinals),
  );
}

function skipOrdinals(ordinals: Uint32Array | undefined): SpanFilter {
  const skipped = new Set(ordinals);
  return { isNew: ({ ordinal }) => !skipped.has(ordinal) };
}
