import { LensError } from "@lensai/otel-config/errors";
import type { Redactor } from "@lensai/otel-config/redaction/redactor";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import type { Accounting } from "../pipeline/accounting.ts";
import type { Signal } from "../pipeline/ingest.ts";
import { countRecords } from "./envelope.ts";
import { LogDecoder } from "./log-decoder.ts";
import { MetricDecoder } from "./metric-decoder.ts";
import { OtlpReader } from "./otlp-reader.ts";
import { RecordDecoder, emptyResult } from "./record-decoder.ts";
import type { DecodeResult, RequestFacts } from "./record-decoder.ts";
import { warningsOf } from "./record-flags.ts";
import { TraceDecoder } from "./trace-decoder.ts";
import type { SpanFilter } from "./trace-decoder.ts";
import { signalItLooksLike } from "./wrong-signal.ts";

/** A request's bytes and what is known about them. */
export interface DecodeRequest {
  readonly signal: Signal;
  /** OTLP protobuf, inflated. Masked in place. */
  readonly body: Uint8Array;
  readonly facts: RequestFacts;
  /** Upper bound of the rows, from `countRows`. */
  readonly rowsMax: number;
}

/** OTLP requests into rows of a batch. One per thread: it owns the scratch memory of decoding. */
export class RequestDecoder {
  private readonly records: RecordDecoder;
  private readonly traces: TraceDecoder;
  private readonly logs: LogDecoder;
  private readonly metrics: MetricDecoder;
  private readonly counter = new OtlpReader();

  constructor(redactor: Redactor, accounting: Accounting, batch: RowBatch) {
    this.records = new RecordDecoder(redactor, accounting, batch);
    this.traces = new TraceDecoder(this.records);
    this.logs = new LogDecoder(this.records);
    this.metrics = new MetricDecoder(this.records);
  }

  /** Lets go of the batch that was decoded into last. */
  letGo(): void {
    this.records.sink.open(new RowBatch(1), 0);
  }

  /**
   * How many rows the body can make at most, found by stepping over the records. Throws
   * `ingest.body_malformed` when the envelope is broken.
   */
  countRows(signal: Signal, body: Uint8Array): number {
    this.counter.reset(body);
    return countRecords(this.counter, signal === "metrics" ? "points" : "records");
  }

  /**
   * Decodes a request into `batch`. Records that cannot be kept are counted in the result. Throws
   * `ingest.body_malformed` or `ingest.wrong_signal`; the batch is then as it was before.
   */
  decode(request: DecodeRequest, batch: RowBatch, filter: SpanFilter): DecodeResult {
    const { signal, body, facts, rowsMax } = request;
    const mark = batch.mark();
    const result = emptyResult();
    try {
      this.records.openRequest(body, batch, { facts, rowsMax });
      this.decodeSignal(signal, result, filter);
      if (result.accepted + result.duplicates === 0 && result.rejected > 0) {
        throwIfWrongSignal(body, signal);
      }
    } catch (error) {
      batch.rollback(mark);
      this.records.sink.rolledBack();
      if (error instanceof LensError && error.code === "ingest.body_malformed") {
        throwIfWrongSignal(body, signal);
      }
      throw error;
    }
    result.isAltered = this.records.attributes.isAltered;
    for (const warning of warningsOf(this.records.requestFlags)) result.warnings.add(warning);
    return result;
  }

  private decodeSignal(signal: Signal, result: DecodeResult, filter: SpanFilter): void {
    switch (signal) {
      case "traces":
        this.traces.decode(result, filter);
        return;
      case "logs":
        this.logs.decode(result);
        return;
      case "metrics":
        this.metrics.decode(result);
    }
  }
}

function throwIfWrongSignal(body: Uint8Array, expected: Signal): void {
  const actual = signalItLooksLike(body, expected);
  if (actual === undefined) return;
  throw new LensError(
    "ingest.wrong_signal",
    `this is a ${actual} request sent to /v1/${expected}: send it to /v1/${actual}`,
  );
}
