import { ANY_VALUE_DEPTH_MAX } from "../receiver/limits.ts";
import { VALUE_BOOL, VALUE_DOUBLE, VALUE_EMPTY, VALUE_INT, VALUE_STRING } from "./any-value.ts";
import type { AnyValue } from "./any-value.ts";
import { maskText, overwriteRange, overwriteValue, skipMasked } from "./message-masking.ts";
import type { MessageMasking } from "./message-masking.ts";
import { malformed, wrongWireType } from "./otlp-reader.ts";

/** Field 1 of ArrayValue (values) and of KeyValueList (values). */
const ELEMENT = 0x0a;

/** Reads an AnyValue that ends at `end`; strings and bytes are masked on the way. */
export function readAnyValue(context: MessageMasking, end: number, into: AnyValue): void {
  const { reader } = context;
  into.kind = VALUE_EMPTY;
  while (reader.at < end) {
    const tag = reader.varint();
    giveWay(context, into, tag);
    switch (tag) {
      case 0x0a:
      case 0x3a: {
        into.to = reader.lengthEnd(end);
        into.from = reader.at;
        into.kind = tag >>> 3;
        maskText(context, into.from, into.to);
        reader.at = into.to;
        break;
      }
      case 0x10:
        into.kind = VALUE_BOOL;
        into.low = reader.varint() === 0 ? 0 : 1;
        break;
      case 0x18:
        into.kind = VALUE_INT;
        reader.varint64();
        into.low = reader.low;
        into.high = reader.high;
        break;
      case 0x21:
        into.kind = VALUE_DOUBLE;
        into.double = reader.double();
        break;
      case 0x2a:
      case 0x32:
        into.to = reader.lengthEnd(end);
        into.from = reader.at;
        into.kind = tag >>> 3;
        reader.at = into.to;
        break;
      default:
        if (tag < 0x40) throw wrongWireType(reader.at, "AnyValue", tag);
        skipMasked(context, tag, end);
    }
  }
  if (reader.at !== end) throw malformed(reader.at, "an attribute value runs past its end");
}

/** A second member of the oneof takes the place of the first; an unknown field does not. */
function giveWay(context: MessageMasking, value: AnyValue, tag: number): void {
  if (value.kind !== VALUE_EMPTY && tag < 0x40) overwriteValue(context, value);
}

/**
 * The layout that nearly every attribute has: a key and one scalar, each with a length below 128, and
 * nothing else. Answers false, having done nothing, for any other. The key is not masked.
 */
function readPlainPair(context: MessageMasking, end: number, into: AnyValue): boolean {
  const { reader } = context;
  const { bytes, at } = reader;
  const keyLength = bytes[at + 1] as number;
  const valueAt = at + keyLength + 4;
  const isPlain =
    bytes[at] === 0x0a &&
    keyLength < 0x80 &&
    valueAt < end &&
    end - valueAt < 0x80 &&
    bytes[valueAt - 2] === 0x12 &&
    bytes[valueAt - 1] === end - valueAt;
  into.to = end;
  if (!isPlain || !readScalar(context, valueAt, into)) return false;
  keyRange.from = at + 2;
  keyRange.to = valueAt - 2;
  reader.at = end;
  return true;
}

/** A value of one field that ends at `into.to`; false for any but the common four. */
function readScalar(context: MessageMasking, at: number, into: AnyValue): boolean {
  const { bytes, view } = context.reader;
  const end = into.to;
  switch (bytes[at] as number) {
    case 0x0a:
      if (bytes[at + 1] !== end - at - 2) return false;
      into.kind = VALUE_STRING;
      into.from = at + 2;
      maskText(context, at + 2, end);
      return true;
    case 0x18:
      return readShortVarint(bytes, at + 1, into);
    case 0x21:
      if (end - at !== 9) return false;
      into.kind = VALUE_DOUBLE;
      into.double = view.getFloat64(at + 1, true);
      return true;
    default:
      return false;
  }
}

/** A varint of at most four bytes that ends at `into.to`. */
function readShortVarint(bytes: Uint8Array, at: number, into: AnyValue): boolean {
  const end = into.to;
  if (end - at > 4 || (bytes[end - 1] as number) > 0x7f) return false;
  let value = 0;
  for (let i = end - 1; i >= at; i -= 1) value = (value << 7) | ((bytes[i] as number) & 0x7f);
  for (let i = at; i < end - 1; i += 1) if ((bytes[i] as number) < 0x80) return false;
  into.kind = VALUE_INT;
  into.low = value;
  into.high = 0;
  return true;
}

/** Where the key of the KeyValue read last lies; reused. */
const keyRange = { from: 0, to: 0 };

/**
 * Reads a KeyValue that ends at `end`: the value, masked, into `into`, the key's range as the (reused)
 * answer. Masking the key is left to the caller, who may know it.
 */
export function readKeyValue(
  context: MessageMasking,
  end: number,
  into: AnyValue,
): { from: number; to: number } {
  if (readPlainPair(context, end, into)) return keyRange;
  const { reader } = context;
  let from = reader.at;
  let to = reader.at;
  into.kind = VALUE_EMPTY;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === 0x0a) {
      overwriteRange(context, from, to);
      to = reader.lengthEnd(end);
      from = reader.at;
      reader.at = to;
    } else if (tag === 0x12) {
      if (into.kind !== VALUE_EMPTY) overwriteValue(context, into);
      readAnyValue(context, reader.lengthEnd(end), into);
    } else {
      if (tag < 0x18) throw wrongWireType(reader.at, "KeyValue", tag);
      skipMasked(context, tag, end);
    }
  }
  if (reader.at !== end) throw malformed(reader.at, "an attribute runs past its end");
  keyRange.from = from;
  keyRange.to = to;
  return keyRange;
}

/** Throws `ingest.body_malformed` for a value nested more deeply than any sender means it. */
function checkDepth(depth: number, at: number): void {
  if (depth > ANY_VALUE_DEPTH_MAX) {
    throw malformed(at, `attribute values are nested more than ${ANY_VALUE_DEPTH_MAX} levels deep`);
  }
}

/**
 * Calls `read(end)` for each element of an array or member of a map, the reader at its start; afterwards the
 * reader stands where it stood before. `depth` counts the values around it.
 */
export function forEachElement(
  masking: MessageMasking,
  { value, depth }: { value: AnyValue; depth: number },
  read: (end: number) => void,
): void {
  checkDepth(depth, value.from);
  const { reader } = masking;
  const after = reader.at;
  reader.at = value.from;
  while (reader.at < value.to) {
    const tag = reader.varint();
    if (tag === ELEMENT) read(reader.lengthEnd(value.to));
    else skipMasked(masking, tag, value.to);
  }
  reader.at = after;
}
