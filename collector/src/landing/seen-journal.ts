import { crc32 } from "node:zlib";
import type { SeenWindow } from "./seen-window.ts";
import { BATCH_ID_BYTES } from "./wal-record.ts";
import type { WalRecord } from "./wal-record.ts";

/**
 * Which requests and spans one segment holds. Written beside the WAL when the segment has landed, because
 * the segment itself, from which they could be read, is then used again.
 *
 *     0  u32 magic "LSEN"     16 u32 request bytes   24 u32 CRC-32 of header (0-24) and requests
 *     4  u32 format version   20 u32 span words      28 u32 CRC-32 of spans
 *     8  f64 last receive     32 request ids, then span hashes (absent in a file that was shortened)
 */
export class SeenJournal {
  lastReceivedMs = 0;
  requestCount = 0;
  spanCount = 0;
  private requests = new Uint8Array(FIRST_REQUESTS * BATCH_ID_BYTES);
  private spans = new Uint32Array(FIRST_SPANS * 2);

  static decode(bytes: Buffer): SeenJournal | undefined {
    const journal = new SeenJournal();
    return journal.load(bytes) ? journal : undefined;
  }

  add(record: Pick<WalRecord, "batchId" | "receivedAtMs" | "spanHashes">): void {
    const { batchId, receivedAtMs, spanHashes } = record;
    this.lastReceivedMs = Math.max(this.lastReceivedMs, receivedAtMs);
    const requestsAt = this.requestCount * BATCH_ID_BYTES;
    if (requestsAt === this.requests.length) {
      const grown = new Uint8Array(this.requests.length * 2);
      grown.set(this.requests);
      this.requests = grown;
    }
    this.requests.set(batchId, requestsAt);
    this.requestCount += 1;
    if (spanHashes !== undefined) this.addSpans(spanHashes);
  }

  reset(): void {
    this.lastReceivedMs = 0;
    this.requestCount = 0;
    this.spanCount = 0;
  }

  /** Adds everything to a window. */
  feed(window: SeenWindow): void {
    for (let index = 0; index < this.requestCount; index += 1) {
      const at = index * BATCH_ID_BYTES;
      window.addRequest(this.requests.subarray(at, at + BATCH_ID_BYTES), this.lastReceivedMs);
    }
    for (let at = 0; at < this.spanCount * 2; at += 2) {
      window.addSpan(this.spans[at] as number, this.spans[at + 1] as number);
    }
  }

  encode(): Buffer {
    const requests = this.requests.subarray(0, this.requestCount * BATCH_ID_BYTES);
    const spans = bytesOf(this.spans.subarray(0, this.spanCount * 2));
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(MAGIC, 0);
    header.writeUInt32LE(FORMAT_VERSION, 4);
    header.writeDoubleLE(this.lastReceivedMs, 8);
    header.writeUInt32LE(requests.length, 16);
    header.writeUInt32LE(this.spanCount * 2, 20);
    header.writeUInt32LE(crc32(requests, crc32(header.subarray(0, 24))), 24);
    header.writeUInt32LE(crc32(spans), 28);
    return Buffer.concat([header, requests, spans]);
  }

  /** Size of the encoded form without its spans. */
  get sizeWithoutSpans(): number {
    return HEADER_BYTES + this.requestCount * BATCH_ID_BYTES;
  }

  private addSpans(hashes: Uint32Array): void {
    const at = this.spanCount * 2;
    if (at + hashes.length > this.spans.length) {
      const grown = new Uint32Array(Math.max(this.spans.length * 2, at + hashes.length));
      grown.set(this.spans);
      this.spans = grown;
    }
    this.spans.set(hashes, at);
    this.spanCount += hashes.length / 2;
  }

  private load(bytes: Buffer): boolean {
    if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return false;
    if (bytes.readUInt32LE(4) !== FORMAT_VERSION) return false;
    const spansAt = HEADER_BYTES + bytes.readUInt32LE(16);
    const requests = bytes.subarray(HEADER_BYTES, spansAt);
    if (bytes.length < spansAt) return false;
    if (crc32(requests, crc32(bytes.subarray(0, 24))) !== bytes.readUInt32LE(24)) return false;
    this.lastReceivedMs = bytes.readDoubleLE(8);
    this.requests = Uint8Array.from(requests);
    this.requestCount = requests.length / BATCH_ID_BYTES;
    const spans = bytes.subarray(spansAt, spansAt + bytes.readUInt32LE(20) * 4);
    const isWhole = spans.length === bytes.readUInt32LE(20) * 4;
    if (!isWhole || crc32(spans) !== bytes.readUInt32LE(28)) return true;
    this.spans = new Uint32Array(spans.length / 4);
    bytesOf(this.spans).set(spans);
    this.spanCount = this.spans.length / 2;
    return true;
  }
}

const MAGIC = Buffer.from("LSEN", "latin1").readUInt32LE(0);
const FORMAT_VERSION = 1;
const HEADER_BYTES = 32;
const FIRST_REQUESTS = 64;
const FIRST_SPANS = 1024;

/** Words as they lie in memory: little-endian on every platform that Node runs on with a WAL of ours. */
function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
}
