import type { DiskFile } from "./disk.ts";
import {
  RECORD_BYTES_MAX,
  RECORD_HEADER_BYTES,
  RECORD_MAGIC,
  readBody,
  readHeader,
} from "./wal-record.ts";
import type { SegmentIdentity, WalRecord } from "./wal-record.ts";

/** What lies in a segment, in order. */
export type SegmentPart =
  /** An intact record. Its payload is only valid until the next part is asked for. */
  | {
      readonly kind: "record";
      readonly from: number;
      readonly to: number;
      readonly record: WalRecord;
    }
  /** Bytes between intact records that are none: damaged after they were written. */
  | { readonly kind: "damage"; readonly from: number; readonly to: number }
  /**
   * Nothing intact follows. `end`: no record was begun here. `torn`: one was, and its writing never ended,
   * so it was never acknowledged (or it was the last one and is damaged, which looks the same).
   */
  | { readonly kind: "tail"; readonly reason: "end" | "torn"; readonly from: number };

// Reads a segment from its start; the last part is always a `tail`.
export async function* scanSegment(
  file: DiskFile,
  segment: SegmentIdentity,
): AsyncGenerator<SegmentPart, void, undefined> {
  const window = new FileWindow(file, await file.size());
  let from = 0;
  for (;;) {
    const found = await recordAt(window, segment, from);
    if (typeof found === "object") {
      yield found;
      from = found.to;
      continue;
    }
    const next = await nextRecord(window, segment, from + 1);
    if (next === undefined) {
      yield { kind: "tail", reason: found === "foreign" ? "end" : "torn", from };
      return;
    }
    yield { kind: "damage", from, to: next };
    from = next;
  }
}

type FoundRecord = Extract<SegmentPart, { kind: "record" }>;

async function recordAt(
  window: FileWindow,
  segment: SegmentIdentity,
  from: number,
): Promise<FoundRecord | "foreign" | "damaged" | "unsupported"> {
  const header = readHeader(await window.read(from, RECORD_HEADER_BYTES), segment);
  if (typeof header === "string") return header;
  const bodyAt = from + RECORD_HEADER_BYTES;
  const body = await window.read(bodyAt, header.metaBytes + header.payloadBytes);
  const record = readBody(body, header);
  if (record === undefined) return "damaged";
  return { kind: "record", from, to: bodyAt + body.length, record };
}

/**
 * The position of the next intact record. Looks at every byte, because a damaged length leads nowhere; in
 * linear time, because only who knows the salt can make more than the magic word match.
 */
async function nextRecord(
  window: FileWindow,
  segment: SegmentIdentity,
  start: number,
): Promise<number | undefined> {
  let from = start;
  while (from + RECORD_HEADER_BYTES <= window.sizeBytes) {
    const chunk = await window.read(from, WINDOW_BYTES);
    const candidate = nextHeader(chunk, segment);
    if (candidate.isHeader) {
      const found = await recordAt(window, segment, from + candidate.at);
      if (typeof found === "object") return found.from;
      from += candidate.at + 1;
    } else from += candidate.at;
  }
  return undefined;
}

/** The first valid header in a chunk, or the offset from which on the chunk cannot tell. */
function nextHeader(chunk: Buffer, segment: SegmentIdentity): { at: number; isHeader: boolean } {
  const last = chunk.length - RECORD_HEADER_BYTES;
  for (let at = chunk.indexOf(RECORD_MAGIC); at !== -1; at = chunk.indexOf(RECORD_MAGIC, at + 1)) {
    if (at > last) return { at, isHeader: false };
    const header = readHeader(chunk.subarray(at, at + RECORD_HEADER_BYTES), segment);
    if (typeof header === "object") return { at, isHeader: true };
  }
  return { at: chunk.length - RECORD_MAGIC.length + 1, isHeader: false };
}

const WINDOW_BYTES = 1024 * 1024;

/** A file read forward through one buffer that only grows for a record that is larger. */
class FileWindow {
  readonly sizeBytes: number;
  private readonly file: DiskFile;
  private bytes = Buffer.alloc(0);
  private start = 0;
  private length = 0;

  constructor(file: DiskFile, sizeBytes: number) {
    this.file = file;
    this.sizeBytes = sizeBytes;
  }

  /** Up to `count` bytes from `from`, fewer at the end of the file. A view until the next read. */
  async read(from: number, count: number): Promise<Buffer> {
    const wanted = Math.max(0, Math.min(count, this.sizeBytes - from, RECORD_BYTES_MAX));
    const isInside = from >= this.start && from + wanted <= this.start + this.length;
    if (!isInside) await this.load(from, wanted);
    return this.bytes.subarray(from - this.start, from - this.start + wanted);
  }

  private async load(from: number, wanted: number): Promise<void> {
    const size = Math.min(Math.max(wanted, WINDOW_BYTES), Math.max(0, this.sizeBytes - from));
    if (this.bytes.length < size) this.bytes = Buffer.allocUnsafeSlow(size);
    this.start = from;
    this.length = await this.file.read(this.bytes.subarray(0, size), from);
  }
}
