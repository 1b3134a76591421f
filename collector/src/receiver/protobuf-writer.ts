import { LensError } from "@lensai/otel-config/errors";

/**
 * Writes protobuf messages forward into one growing buffer. A nested message starts with one reserved
 * length byte; when it turns out to be 128 bytes or longer its bytes are moved up to make room for the
 * longer varint. Small messages, which are nearly all, never move.
 */
export class ProtobufWriter {
  private bytes: Buffer;
  private view: DataView;
  private position = 0;
  private readonly sizeBytesMax: number;

  /** Throws LensError `ingest.body_too_large` from any write that would exceed `sizeBytesMax`. */
  constructor(sizeBytesFirst: number, sizeBytesMax: number) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(256, Math.min(sizeBytesFirst, sizeBytesMax)));
    this.view = viewOf(this.bytes);
    this.sizeBytesMax = sizeBytesMax;
  }

  /** What was written so far; a view of the writer's own memory. */
  finish(): Buffer {
    return this.bytes.subarray(0, this.position);
  }

  tag(field: number, wireType: number): void {
    this.varint32((field << 3) | wireType);
  }

  /** Opens a length-prefixed value; give the result to `close`. */
  open(): number {
    this.reserve(1);
    this.position += 1;
    return this.position;
  }

  close(start: number): void {
    const length = this.position - start;
    if (length < 0x80) {
      this.bytes[start - 1] = length;
      return;
    }
    const extra = varintLength(length) - 1;
    this.reserve(extra);
    this.bytes.copyWithin(start + extra, start, this.position);
    const end = this.position + extra;
    this.position = start - 1;
    this.varint32(length);
    this.position = end;
  }

  varint32(value: number): void {
    this.reserve(5);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.bytes[this.position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.position++] = rest;
  }

  /** A 64-bit varint; negative numbers take ten bytes as two's complement. */
  varint64(value: bigint): void {
    this.reserve(10);
    let rest = BigInt.asUintN(64, value);
    while (rest > 0x7fn) {
      this.bytes[this.position++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.bytes[this.position++] = Number(rest);
  }

  fixed32(value: number): void {
    this.reserve(4);
    this.view.setUint32(this.position, value, true);
    this.position += 4;
  }

  fixed64(value: bigint): void {
    this.reserve(8);
    this.view.setBigUint64(this.position, BigInt.asUintN(64, value), true);
    this.position += 8;
  }

  double(value: number): void {
    this.reserve(8);
    this.view.setFloat64(this.position, value, true);
    this.position += 8;
  }

  /** Length-prefixed UTF-8; lone surrogates become U+FFFD. */
  text(value: string): void {
    // A UTF-16 unit is at most three UTF-8 bytes.
    this.reserve(value.length * 3 + 1);
    if (value.length <= SHORT_TEXT_LENGTH && this.shortAscii(value)) return;
    const start = this.open();
    this.position += this.bytes.write(value, this.position, "utf8");
    this.close(start);
  }

  /** Calling into the native encoder costs more than this loop for the keys and ids that dominate. */
  private shortAscii(value: string): boolean {
    const { bytes, position } = this;
    const { length } = value;
    for (let index = 0; index < length; index += 1) {
      const unit = value.charCodeAt(index);
      if (unit > 0x7f) return false;
      bytes[position + 1 + index] = unit;
    }
    bytes[position] = length;
    this.position = position + 1 + length;
    return true;
  }

  /** Length-prefixed bytes from text in `encoding`; Node's decoder takes URL-safe and unpadded base64. */
  encoded(value: string, encoding: "hex" | "base64"): void {
    const start = this.open();
    this.reserve(value.length);
    this.position += this.bytes.write(value, this.position, encoding);
    this.close(start);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.position++] = value;
  }

  private reserve(extra: number): void {
    const needed = this.position + extra;
    if (needed > this.bytes.length) this.grow(needed);
  }

  private grow(needed: number): void {
    if (needed > this.sizeBytesMax * TEXT_GROWTH_MAX) {
      throw new LensError(
        "ingest.body_too_large",
        `the request is larger than ${this.sizeBytesMax} bytes as protobuf; send smaller batches`,
      );
    }
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(grown, 0, 0, this.position);
    this.bytes = grown;
    this.view = viewOf(grown);
  }
}

/** Below 128, so that the length is one byte. */
const SHORT_TEXT_LENGTH = 48;

/** `text` reserves three bytes per UTF-16 unit before it knows the real length. */
const TEXT_GROWTH_MAX = 4;

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function varintLength(value: number): number {
  let length = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) length += 1;
  return length;
}
