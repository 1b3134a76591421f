import { LensError } from "@lensai/otel-config/errors";

/** Protobuf wire types (https://protobuf.dev/programming-guides/encoding/#structure). */
const WIRE_VARINT = 0;
const WIRE_FIXED64 = 1;
export const WIRE_LENGTH = 2;
export const WIRE_GROUP_START = 3;
export const WIRE_GROUP_END = 4;
const WIRE_FIXED32 = 5;

/** Groups are long deprecated and never nested by OTLP senders; the limit only guards the stack. */
export const GROUP_DEPTH_MAX = 32;
const TWO_32 = 4294967296;

/**
 * A cursor over protobuf bytes. Reads past the end give zeros and leave `at` beyond the end, which every
 * message loop notices when it compares `at` with its own end: one check per message, none per byte.
 */
export class OtlpReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  /** Result words of `varint64` and `fixed64`: low and high 32 bits as signed integers, which need no box. */
  low = 0;
  high = 0;
  view: DataView = new DataView(new ArrayBuffer(0));

  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  /** An unsigned varint as a number: exact up to 2^53, used for tags, lengths, counts and enums. */
  varint(): number {
    const first = this.bytes[this.at] as number;
    if (first < 0x80) {
      this.at += 1;
      return first;
    }
    this.varint64();
    const { low, high } = this;
    // What fits into an integer stays one: V8 would make doubles of all offsets that are computed from it.
    return high === 0 && low >= 0 ? low : (high >>> 0) * TWO_32 + (low >>> 0);
  }

  /** A 64-bit varint into `low` and `high`. */
  varint64(): void {
    const { bytes } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[this.at] ?? 0;
      this.at += 1;
      const part = byte & 0x7f;
      if (shift < 28) low |= part << shift;
      else if (shift === 28) {
        low |= part << 28;
        high = part >>> 4;
      } else high |= part << (shift - 32);
      if (byte < 0x80) {
        this.low = low;
        this.high = high;
        return;
      }
    }
    throw malformed(this.at, "a varint is longer than 10 bytes");
  }

  /** Eight little-endian bytes into `low` and `high`. */
  fixed64(): void {
    if (this.at + 8 > this.bytes.length) throw malformed(this.at, "a 64-bit number is cut off");
    this.low = this.view.getInt32(this.at, true);
    this.high = this.view.getInt32(this.at + 4, true);
    this.at += 8;
  }

  double(): number {
    if (this.at + 8 > this.bytes.length) throw malformed(this.at, "a double is cut off");
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  /** Reads a length and returns where the bytes it announces end; `at` stands on the first of them. */
  lengthEnd(end: number): number {
    const length = this.varint();
    if (length > end - this.at) {
      throw malformed(this.at, `a field of ${length} bytes runs past its message`);
    }
    return this.at + length;
  }

  /** Steps over the value of a field that is not known. */
  skip(tag: number, end: number): void {
    this.skipNested(tag, end, 0);
    if (this.at > end) throw malformed(this.at, "a field runs past its message");
  }

  private skipNested(tag: number, end: number, depth: number): void {
    if (tag < 8) throw malformed(this.at, "field number 0 is not allowed");
    switch (tag & 7) {
      case WIRE_VARINT:
        this.varint64();
        return;
      case WIRE_FIXED64:
        this.at += 8;
        return;
      case WIRE_LENGTH:
        this.at = this.lengthEnd(end);
        return;
      case WIRE_FIXED32:
        this.at += 4;
        return;
      case WIRE_GROUP_START:
        this.skipGroup(end, depth);
        return;
      default:
        throw malformed(this.at, `wire type ${tag & 7} is not expected here`);
    }
  }

  private skipGroup(end: number, depth: number): void {
    if (depth === GROUP_DEPTH_MAX) throw malformed(this.at, "groups are nested too deeply");
    while (this.at < end) {
      const tag = this.varint();
      if ((tag & 7) === WIRE_GROUP_END) return;
      this.skipNested(tag, end, depth + 1);
    }
    throw malformed(this.at, "a group has no end");
  }
}

/** A signed 64-bit integer from its two words; not exact beyond 2^53. A small one never becomes a double. */
export function wordsToNumber(low: number, high: number): number {
  return high === 0 && low >= 0 ? low : high * TWO_32 + (low >>> 0);
}

/** The error for bytes that are not what they claim to be; carries a position, never content. */
export function malformed(at: number, what: string): LensError {
  return new LensError(
    "ingest.body_malformed",
    `the OTLP protobuf is not readable at byte ${at}: ${what}`,
  );
}

/** Is this tag one of the message's fields with another wire type than the schema says? */
export function wrongWireType(at: number, message: string, tag: number): LensError {
  return malformed(at, `${message} field ${Math.floor(tag / 8)} has wire type ${tag & 7}`);
}
