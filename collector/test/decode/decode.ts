import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { createRedactor } from "@lensai/otel-config/redaction/redactor";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { readRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { RequestDecoder } from "../../src/decode/request-decoder.ts";
import type { DecodeResult } from "../../src/decode/record-decoder.ts";
import type { SpanFilter } from "../../src/decode/trace-decoder.ts";
import { Accounting } from "../../src/pipeline/accounting.ts";
import type { Signal } from "../../src/pipeline/ingest.ts";

export const RECEIVED_AT_MS = Date.UTC(2026, 10, 23, 12);
export const everySpanIsNew: SpanFilter = { isNew: () => true };

export interface DecodeOptions {
  readonly signal?: Signal;
  readonly keepsContent?: boolean;
  readonly filter?: SpanFilter;
  readonly projectId?: string;
}

export interface Decoded {
  readonly result: DecodeResult;
  readonly rows: SpanRow[];
  /** The body after masking. */
  readonly body: Uint8Array;
}

/** A decoder with a batch of its own; `decode` may be called many times. */
export function createDecoder(
  capacity = 4096,
  book: PriceBook = createPriceBook(),
): (body: Uint8Array, options?: DecodeOptions) => Decoded {
  const batch = new RowBatch(capacity);
  const decoder = new RequestDecoder(createRedactor(), new Accounting(book), batch);
  return (source, options = {}) => {
    const body = Uint8Array.from(source);
    const signal = options.signal ?? "traces";
    const facts = {
      projectId: options.projectId ?? "p1",
      apiKeyId: "key1",
      batchId: "00112233445566778899aabbccddeeff",
      receivedAtMs: RECEIVED_AT_MS,
      keepsContent: options.keepsContent ?? true,
    };
    const first = batch.rowCount;
    const rowsMax = decoder.countRows(signal, body);
    const request = { signal, body, facts, rowsMax };
    const result = decoder.decode(request, batch, options.filter ?? everySpanIsNew);
    const rows = Array.from({ length: batch.rowCount - first }, (_, index) =>
      readRow(batch, first + index),
    );
    if (batch.rowCount > capacity / 2) batch.reset();
    return { result, rows, body };
  };
}
