import { crc32 } from "node:zlib";
import type { ContentPolicy } from "@lensai/otel-config/control/projects";
import type { Signal } from "../pipeline/ingest.ts";

/**
 * One record of the write-ahead log: a request as it will be decoded again. Pure: bytes in, bytes out.
 *
 *     0  u32  magic "LWAL"          20  u32  meta length
 *     4  u8   format version        24  u32  payload length
 *     5  3 x  zero                  28  u32  CRC-32 of meta and payload
 *     8  u32  segment number        32  u32  CRC-32 of the 32 bytes before
 *    12  u64  salt of the segment   36  meta, payload
 *
 * Numbers are little-endian. Number and salt tie a record to one use of a segment file: bytes of an
 * earlier use never count, and a payload that imitates a record cannot know the salt.
 */

export const RECORD_HEADER_BYTES = 36;
export const RECORD_FORMAT_VERSION = 1;
export const BATCH_ID_BYTES = 16;

/** A record is one request of at most 64 MiB and its span hashes; more than this is a damaged length. */
export const RECORD_BYTES_MAX = 256 * 1024 * 1024;

/** "LWAL" as it lies in the file. */
export const RECORD_MAGIC: Buffer = Buffer.from("LWAL", "latin1");
const MAGIC_WORD = RECORD_MAGIC.readUInt32LE(0);

const SIGNALS: readonly Signal[] = ["traces", "logs", "metrics"];
const ENCODINGS = ["identity", "gzip", "zstd", "deflate"] as const;
const POLICIES: readonly ContentPolicy[] = ["redacted", "off"];

export type PayloadEncoding = (typeof ENCODINGS)[number];

/** Which use of which segment file a record belongs to. */
export interface SegmentIdentity {
  readonly number: number;
  readonly saltLow: number;
  readonly saltHigh: number;
}

export interface WalRecordInput {
  readonly projectId: string;
  readonly apiKeyId?: string | undefined;
  readonly receivedAtMs: number;
  readonly signal: Signal;
  readonly contentPolicy: ContentPolicy;
  /** First 16 bytes of SHA-256 over project id, NUL and body as received. */
  readonly batchId: Uint8Array;
  /** True when `payload` is the masked buffer and no longer what the client sent. */
  readonly masked: boolean;
  readonly encoding: PayloadEncoding;
  /** Rows that the payload decodes to after `skippedOrdinals` are left out. */
  readonly rowCount: number;
  /** Ordinals (0-based, in decoding order) of records dropped as duplicates at ingest. */
  readonly skippedOrdinals?: Uint32Array | undefined;
  /** Identity hashes of the accepted spans, low and high word in turn. */
  readonly spanHashes?: Uint32Array | undefined;
  /** Version of the price book that the rows were priced by; absent from records that do not say. */
  readonly priceVersion?: string | undefined;
  /** OTLP protobuf under `encoding`. Must stay as it is until the append has settled. */
  readonly payload: Uint8Array;
}

/** A record as read back. Arrays are copies, `payload` is a view into the read buffer. */
export type WalRecord = WalRecordInput;

/** Why the bytes at a position are not the header of a record of this segment. */
export type HeaderFault = "foreign" | "damaged" | "unsupported";

export interface RecordHeader {
  readonly metaBytes: number;
  readonly payloadBytes: number;
  readonly bodyCrc: number;
}

const META_FIXED_BYTES = 4 + 8 + BATCH_ID_BYTES + 4 * 5;
const BATCH_ID_AT = 12;
const NO_WORDS = new Uint32Array(0);
const FLAG_MASKED = 1;
const FLAG_HAS_KEY = 2;

/** Bytes of header and meta: what `encodeHead` writes. */
export function headBytes(record: WalRecordInput): number {
  const { projectId, apiKeyId = "", priceVersion = "" } = record;
  const texts =
    Buffer.byteLength(projectId) + Buffer.byteLength(apiKeyId) + Buffer.byteLength(priceVersion);
  const words = (record.skippedOrdinals?.length ?? 0) + (record.spanHashes?.length ?? 0);
  return RECORD_HEADER_BYTES + META_FIXED_BYTES + texts + words * 4;
}

/** Writes header and meta at the start of `target`, which has exactly `headBytes(record)` bytes. */
export function encodeHead(target: Buffer, record: WalRecordInput, segment: SegmentIdentity): void {
  encodeMeta(target.subarray(RECORD_HEADER_BYTES), record);
  target.writeUInt32LE(MAGIC_WORD, 0);
  target.writeUInt32LE(RECORD_FORMAT_VERSION, 4);
  target.writeUInt32LE(segment.number, 8);
  target.writeUInt32LE(segment.saltLow, 12);
  target.writeUInt32LE(segment.saltHigh, 16);
  target.writeUInt32LE(target.length - RECORD_HEADER_BYTES, 20);
  target.writeUInt32LE(record.payload.length, 24);
  target.writeUInt32LE(crc32(record.payload, crc32(target.subarray(RECORD_HEADER_BYTES))), 28);
  target.writeUInt32LE(crc32(target.subarray(0, 32)), 32);
}

function encodeMeta(target: Buffer, record: WalRecordInput): void {
  const { apiKeyId, skippedOrdinals = NO_WORDS, spanHashes = NO_WORDS, priceVersion = "" } = record;
  target[0] = SIGNALS.indexOf(record.signal);
  target[1] = POLICIES.indexOf(record.contentPolicy);
  target[2] = ENCODINGS.indexOf(record.encoding);
  target[3] = (record.masked ? FLAG_MASKED : 0) | (apiKeyId === undefined ? 0 : FLAG_HAS_KEY);
  target.writeDoubleLE(record.receivedAtMs, 4);
  target.set(record.batchId, BATCH_ID_AT);
  target.writeUInt32LE(record.rowCount, 28);
  target.writeUInt32LE(skippedOrdinals.length, 40);
  target.writeUInt32LE(spanHashes.length, 44);
  target.set(bytesOf(skippedOrdinals), META_FIXED_BYTES);
  target.set(bytesOf(spanHashes), META_FIXED_BYTES + skippedOrdinals.byteLength);
  const projectAt = META_FIXED_BYTES + skippedOrdinals.byteLength + spanHashes.byteLength;
  const projectBytes = target.write(record.projectId, projectAt);
  target.writeUInt32LE(projectBytes, 32);
  const keyAt = projectAt + projectBytes;
  const keyBytes = target.write(apiKeyId ?? "", keyAt);
  target.writeUInt32LE(keyBytes, 36);
  // Takes the rest: records of earlier programs end before it.
  target.write(priceVersion, keyAt + keyBytes);
}

/** What the seen window has to forget, or to keep, of an encoded head. Views, valid as long as the head. */
export function seenOf(head: Buffer): Pick<WalRecord, "batchId" | "receivedAtMs" | "spanHashes"> {
  const meta = head.subarray(RECORD_HEADER_BYTES);
  const hashesAt = META_FIXED_BYTES + meta.readUInt32LE(40) * 4;
  return {
    batchId: meta.subarray(BATCH_ID_AT, BATCH_ID_AT + BATCH_ID_BYTES),
    receivedAtMs: meta.readDoubleLE(4),
    spanHashes: readWords(meta, hashesAt, meta.readUInt32LE(44)),
  };
}

/** Reads the header in the first RECORD_HEADER_BYTES of `bytes`. */
export function readHeader(bytes: Buffer, segment: SegmentIdentity): RecordHeader | HeaderFault {
  const isOurs =
    bytes.length >= RECORD_HEADER_BYTES &&
    bytes.readUInt32LE(0) === MAGIC_WORD &&
    bytes.readUInt32LE(8) === segment.number &&
    bytes.readUInt32LE(12) === segment.saltLow &&
    bytes.readUInt32LE(16) === segment.saltHigh;
  if (!isOurs) return "foreign";
  if (crc32(bytes.subarray(0, 32)) !== bytes.readUInt32LE(32)) return "damaged";
  if (bytes.readUInt32LE(4) !== RECORD_FORMAT_VERSION) return "unsupported";
  const metaBytes = bytes.readUInt32LE(20);
  const payloadBytes = bytes.readUInt32LE(24);
  if (metaBytes < META_FIXED_BYTES || metaBytes + payloadBytes > RECORD_BYTES_MAX) return "damaged";
  return { metaBytes, payloadBytes, bodyCrc: bytes.readUInt32LE(28) };
}

/** Reads meta and payload; undefined when they are not what was written. */
export function readBody(body: Buffer, header: RecordHeader): WalRecord | undefined {
  if (body.length !== header.metaBytes + header.payloadBytes) return undefined;
  if (crc32(body) !== header.bodyCrc) return undefined;
  return {
    ...decodeMeta(body.subarray(0, header.metaBytes)),
    payload: body.subarray(header.metaBytes),
  };
}

/** Reads meta, all of it and nothing else, that is known to be intact. */
function decodeMeta(meta: Buffer): Omit<WalRecord, "payload"> {
  const flags = meta[3] as number;
  const skippedCount = meta.readUInt32LE(40);
  const hashesAt = META_FIXED_BYTES + skippedCount * 4;
  const projectAt = hashesAt + meta.readUInt32LE(44) * 4;
  const keyAt = projectAt + meta.readUInt32LE(32);
  const keyEnd = keyAt + meta.readUInt32LE(36);
  const hasKey = (flags & FLAG_HAS_KEY) !== 0;
  return {
    signal: SIGNALS[meta[0] as number] as Signal,
    contentPolicy: POLICIES[meta[1] as number] as ContentPolicy,
    encoding: ENCODINGS[meta[2] as number] as PayloadEncoding,
    masked: (flags & FLAG_MASKED) !== 0,
    receivedAtMs: meta.readDoubleLE(4),
    batchId: Uint8Array.from(meta.subarray(BATCH_ID_AT, BATCH_ID_AT + BATCH_ID_BYTES)),
    rowCount: meta.readUInt32LE(28),
    projectId: meta.toString("utf8", projectAt, keyAt),
    apiKeyId: hasKey ? meta.toString("utf8", keyAt, keyEnd) : undefined,
    priceVersion: keyEnd < meta.length ? meta.toString("utf8", keyEnd) : undefined,
    skippedOrdinals: readWords(meta, META_FIXED_BYTES, skippedCount),
    spanHashes: readWords(meta, hashesAt, meta.readUInt32LE(44)),
  };
}

/** Words lie in memory as in the file: every platform that Node supports here is little-endian. */
function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}

/** A copy: words in a file are not aligned. */
function readWords(meta: Buffer, at: number, count: number): Uint32Array {
  const words = new Uint32Array(count);
  bytesOf(words).set(meta.subarray(at, at + count * 4));
  return words;
}
