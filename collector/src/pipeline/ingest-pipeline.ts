import { createHash } from "node:crypto";
import { LensError } from "@lensai/otel-config/errors";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { createRedactor } from "@lensai/otel-config/redaction/redactor";
import type { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { endUnixNano, findSpanRow } from "@lensai/otel-config/span-row/replaced-rows";
import { SPAN_ID_BYTES, TRACE_ID_BYTES } from "../decode/span-ids.ts";
import type { DecodeResult, RequestFacts } from "../decode/record-decoder.ts";
import type { RequestDecoder } from "../decode/request-decoder.ts";
import type { SpanFilter, SpanPlace } from "../decode/trace-decoder.ts";
import type { SeenWindow } from "../landing/seen-window.ts";
import type { SpanIdentity } from "../landing/span-identity.ts";
import { BATCH_ID_BYTES } from "../landing/wal-record.ts";
import type { WalRecordInput } from "../landing/wal-record.ts";
import type { IngestReports } from "./ingest-reports.ts";
import type { Ingest, IngestRequest, IngestResult } from "./ingest.ts";

/** Where decoded rows go and how a request becomes durable. */
export interface RowLog {
  /** The open batch. */
  readonly batch: RowBatch;
  /** Makes room for one request, whose rows never straddle two batches. Throws `ingest.storage_behind`. */
  prepare(rowsExpected: number, bytesExpected: number): void;
  /**
   * Logs the request whose rows were just appended and marks it as seen; resolves when it is durable. When
   * it rejects, rows, request and spans have been forgotten again.
   */
  append(record: WalRecordInput): Promise<void>;
  /** Resolves when everything appended before is durable. */
  barrier(): Promise<void>;
}

export interface IngestPipelineParts {
  readonly log: RowLog;
  readonly decoder: RequestDecoder;
  /** The book that the decoder prices by. */
  readonly prices: Pick<PriceBook, "version">;
  readonly seen: SeenWindow;
  readonly identity: SpanIdentity;
  readonly counters: PipelineCounters;
  readonly reports: IngestReports;
}

/** What the pipeline counts beside accepted and rejected. */
export interface PipelineCounters {
  duplicateRequests: number;
  duplicateSpans: number;
  /** Data points of metrics that are not stored. */
  ignoredRecords: number;
}

/** A look-up reads the open batch from its end; more repeats in one request are a resend, not new ends. */
const LOOK_UPS_MAX = 64;

/** More records in one request than this are refused: the sender's batch size is broken. */
const ROWS_PER_REQUEST_MAX = 65_536;

const DUPLICATE = { outcome: "duplicate", reason: undefined } as const;

/** Header and trailer of a gzip member. */
const GZIP_BYTES_MIN = 18;

/** decode -> mask -> normalise -> price -> log. Everything but the log happens in one tick. */
export class IngestPipeline implements Ingest {
  private readonly parts: IngestPipelineParts;
  /** Requests whose durability is still awaited, by batch id: a resend waits for the first send. */
  private readonly pending = new Map<string, Promise<IngestResult>>();
  private readonly wireRedactor = createRedactor();

  constructor(parts: IngestPipelineParts) {
    this.parts = parts;
  }

  async ingest(request: IngestRequest): Promise<IngestResult> {
    const batchId = batchIdOf(request);
    const batchHex = batchId.toString("hex");
    const first = this.pending.get(batchHex);
    if (first !== undefined || this.parts.seen.seenRequest(batchId)) {
      this.parts.counters.duplicateRequests += 1;
      this.parts.reports.noteRequest(request.projectId, DUPLICATE);
      return first ?? { accepted: 0, rejected: 0, message: undefined };
    }
    const work = this.ingestNew(request, batchId);
    this.pending.set(batchHex, work);
    try {
      return await work;
    } finally {
      this.pending.delete(batchHex);
    }
  }

  private async ingestNew(request: IngestRequest, batchId: Buffer): Promise<IngestResult> {
    const { log, decoder, prices, counters, reports } = this.parts;
    const { signal, body } = request;
    const rowsMax = decoder.countRows(signal, body);
    if (rowsMax > ROWS_PER_REQUEST_MAX) throw tooManyRecords(rowsMax);
    log.prepare(rowsMax, body.length);
    const filter = new FirstSeenSpans(this.parts, request.projectId, rowsMax);
    let result: DecodeResult;
    try {
      const facts = requestFacts(request, batchId);
      result = decoder.decode({ signal, body, facts, rowsMax }, log.batch, filter);
    } catch (error) {
      filter.forget();
      throw error;
    }
    counters.duplicateSpans += result.duplicates;
    counters.ignoredRecords += result.ignored;
    reports.noteRecords(request.projectId, result.outcomes);
    const rowCount = result.accepted - result.ignored;
    if (rowCount > 0) {
      const isWireKept = this.mayKeepWire(request, result);
      const hashes = filter.hashes();
      const { version: priceVersion } = prices;
      const outcome = { batchId, result, rowCount, hashes, isWireKept, priceVersion };
      await log.append(recordOf(request, outcome));
    } else if (result.duplicates > 0) {
      await log.barrier(); // the spans came in another request, which may still be on its way to the disk
    }
    return {
      accepted: result.accepted,
      rejected: result.rejected,
      message: messageOf(result, request.hints),
    };
  }

  /**
   * The compressed original may go to disk only when nothing in it had to be masked. Around its data a sender
   * can put text that inflating leaves out: file name and comment of gzip, skippable frames, trailing bytes.
   */
  private mayKeepWire(request: IngestRequest, result: DecodeResult): boolean {
    const { wire, wireIsBody, wireEncoding } = request;
    if (!wireIsBody || result.isAltered) return false;
    if (wireEncoding === "identity" || isBareGzip(request)) return true;
    this.wireRedactor.open(wire);
    return this.wireRedactor.maskField(0, wire.length) === 0;
  }
}

/**
 * Nothing but one member without optional header fields, as every gzip library writes: the size at its very
 * end is that of the body (RFC 1952 section 2.3.1). Spares nearly all requests a scan of compressed bytes.
 */
function isBareGzip({ wire, wireEncoding, body }: IngestRequest): boolean {
  if (wireEncoding !== "gzip" || wire.length < GZIP_BYTES_MIN || wire[3] !== 0) return false;
  const view = new DataView(wire.buffer, wire.byteOffset, wire.length);
  return view.getUint32(wire.length - 4, true) === body.length;
}

/** Lets each span pass once, and can take back what it let pass when the request fails. */
class FirstSeenSpans implements SpanFilter {
  private readonly parts: IngestPipelineParts;
  private readonly words: Uint32Array;
  private readonly projectId: string;
  private count = 0;
  private lookUps = 0;

  constructor(parts: IngestPipelineParts, projectId: string, spansMax: number) {
    this.parts = parts;
    this.projectId = projectId;
    this.words = new Uint32Array(spansMax * 2);
    parts.identity.selectProject(projectId);
  }

  isNew(place: SpanPlace): boolean {
    const { identity, seen } = this.parts;
    identity.read(place.bytes, place.traceAt, place.spanAt);
    if (!seen.addSpan(identity.low, identity.high)) return this.replacesOpenRow(place);
    this.words[this.count] = identity.low;
    this.words[this.count + 1] = identity.high;
    this.count += 2;
    return true;
  }

  /**
   * A span that came before counts again when it ends later than its row in the open batch: a client sent it
   * while it was open. Once the row has landed, the first stands.
   */
  private replacesOpenRow(place: SpanPlace): boolean {
    if (this.lookUps === LOOK_UPS_MAX) return false;
    this.lookUps += 1;
    const { batch } = this.parts.log;
    const end = (BigInt(place.end.high >>> 0) << 32n) | BigInt(place.end.low >>> 0);
    const row = findSpanRow(batch, { project: this.projectId, ...idsOf(place) });
    if (row === undefined || end <= endUnixNano(batch, row)) return false;
    batch.hasRepeats = true;
    return true;
  }

  hashes(): Uint32Array {
    return this.words.subarray(0, this.count);
  }

  forget(): void {
    for (let i = 0; i < this.count; i += 2) {
      this.parts.seen.removeSpan(this.words[i] as number, this.words[i + 1] as number);
    }
    this.count = 0;
  }
}

function idsOf({ bytes, traceAt, spanAt }: SpanPlace): { trace: string; span: string } {
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    trace: at.toString("hex", traceAt, traceAt + TRACE_ID_BYTES),
    span: at.toString("hex", spanAt, spanAt + SPAN_ID_BYTES),
  };
}

/** Project, NUL, body as sent: the same body in two projects is two requests. */
function batchIdOf(request: IngestRequest): Buffer {
  const hash = createHash("sha256").update(`${request.projectId}\0`).update(request.wire);
  return hash.digest().subarray(0, BATCH_ID_BYTES);
}

function requestFacts(request: IngestRequest, batchId: Buffer): RequestFacts {
  return {
    projectId: request.projectId,
    apiKeyId: request.apiKeyId,
    batchId: batchId.toString("hex"),
    receivedAtMs: request.receivedAtMs,
    keepsContent: request.content === "redacted",
  };
}

function recordOf(
  request: IngestRequest,
  outcome: {
    batchId: Buffer;
    result: DecodeResult;
    rowCount: number;
    hashes: Uint32Array;
    isWireKept: boolean;
    priceVersion: string;
  },
): WalRecordInput {
  const { batchId, result, rowCount, hashes, isWireKept, priceVersion } = outcome;
  return {
    projectId: request.projectId,
    apiKeyId: request.apiKeyId,
    receivedAtMs: request.receivedAtMs,
    signal: request.signal,
    contentPolicy: request.content,
    batchId,
    masked: result.isAltered,
    encoding: isWireKept ? request.wireEncoding : "identity",
    rowCount,
    skippedOrdinals: result.skipped.length === 0 ? undefined : Uint32Array.from(result.skipped),
    spanHashes: hashes,
    priceVersion,
    payload: isWireKept ? request.wire : request.body,
  };
}

function messageOf(result: DecodeResult, hints: readonly string[]): string | undefined {
  const parts = [...result.reasons, ...result.warnings, ...hints];
  return parts.length === 0 ? undefined : parts.join("; ");
}

function tooManyRecords(count: number): LensError {
  return new LensError(
    "ingest.body_too_large",
    `the request has ${count} records, at most ${ROWS_PER_REQUEST_MAX} are taken at once: lower the exporter's batch size`,
  );
}
