import type { Redactor } from "@lensai/otel-config/redaction/redactor";
import { ANY_VALUE_DEPTH_MAX } from "../receiver/limits.ts";
import type { JsonWriter } from "./json-writer.ts";
import type { KeyTable } from "./key-table.ts";
import {
  GROUP_DEPTH_MAX,
  WIRE_GROUP_END,
  WIRE_GROUP_START,
  WIRE_LENGTH,
  malformed,
  wrongWireType,
} from "./otlp-reader.ts";
import type { OtlpReader } from "./otlp-reader.ts";

/** Kinds of AnyValue (opentelemetry/proto/common/v1/common.proto): the number of the oneof field. */
export const VALUE_EMPTY = 0;
export const VALUE_STRING = 1;
export const VALUE_BOOL = 2;
export const VALUE_INT = 3;
export const VALUE_DOUBLE = 4;
export const VALUE_ARRAY = 5;
export const VALUE_KVLIST = 6;
export const VALUE_BYTES = 7;

const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const STAR = 0x2a;
/** A single attribute value beyond this is cut: it is data dumped into an attribute, not an attribute. */
const TEXT_BYTES_MAX = 256 * 1024;

/** One decoded AnyValue; the object is reused. Ranges point into the message. */
export class AnyValue {
  kind = VALUE_EMPTY;
  from = 0;
  to = 0;
  low = 0;
  high = 0;
  double = 0;
  /** A text that still has to be masked; only between `readPair` and its caller. */
  isUnmasked = false;
}

/** What a decoder of values needs; counters are read and reset by the record that owns the value. */
export interface ValueContext {
  readonly reader: OtlpReader;
  readonly redactor: Redactor;
  readonly keys: KeyTable;
  /** Matches masked in the current record. */
  redactions: number;
  /** Bytes of the message were overwritten: it may no longer go to disk in its compressed form. */
  isAltered: boolean;
  hasNonFinite: boolean;
  hasTruncated: boolean;
  keepsContent: boolean;
}

/** The shortest text that any redaction rule matches is `a@b.co`. */
const MASKED_BYTES_MIN = 6;

/** Masks what the rules find in a text of the message. */
export function maskText(context: ValueContext, from: number, to: number): void {
  if (to - from < MASKED_BYTES_MIN) return;
  const count = context.redactor.maskField(from, to);
  if (count === 0) return;
  context.redactions += count;
  context.isAltered = true;
}

/**
 * Steps over a field that is not stored. Its bytes still reach the write-ahead log, so its text is masked
 * as a whole; nobody reads what is inside. Lengths and tags stay as they are: replay steps over them again.
 */
export function skipMasked(context: ValueContext, tag: number, end: number): void {
  stepOver(context, { tag, end, depth: 0 });
}

function stepOver(
  context: ValueContext,
  { tag, end, depth }: { tag: number; end: number; depth: number },
): void {
  const { reader } = context;
  const wireType = tag & 7;
  if (wireType === WIRE_LENGTH && tag > 7) {
    const to = reader.lengthEnd(end);
    maskText(context, reader.at, to);
    reader.at = to;
  } else if (wireType === WIRE_GROUP_START && tag > 7) {
    if (depth === GROUP_DEPTH_MAX) throw malformed(reader.at, "groups are nested too deeply");
    for (;;) {
      if (reader.at >= end) throw malformed(reader.at, "a group has no end");
      const inner = reader.varint();
      if ((inner & 7) === WIRE_GROUP_END) return;
      stepOver(context, { tag: inner, end, depth: depth + 1 });
    }
  } else reader.skip(tag, end);
}

/**
 * A later value takes the place of this one, whose bytes nobody will look into any more, neither now nor at
 * replay: they are overwritten, or they would reach the write-ahead log as they are.
 */
export function overwriteValue(context: ValueContext, value: AnyValue): void {
  if (!RANGED_KINDS.has(value.kind)) return;
  overwriteRange(context, value.from, value.to);
}

/** A second member of the oneof takes the place of the first; an unknown field does not. */
function giveWay(context: ValueContext, value: AnyValue, tag: number): void {
  if (value.kind !== VALUE_EMPTY && tag < 0x40) overwriteValue(context, value);
}

function overwriteRange(context: ValueContext, from: number, to: number): void {
  if (from === to) return;
  context.reader.bytes.fill(STAR, from, to);
  context.isAltered = true;
}

const RANGED_KINDS: ReadonlySet<number> = new Set([
  VALUE_STRING,
  VALUE_ARRAY,
  VALUE_KVLIST,
  VALUE_BYTES,
]);

/** Reads an AnyValue that ends at `end`; strings and bytes are masked on the way. */
export function readAnyValue(context: ValueContext, end: number, into: AnyValue): void {
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

/** Writes a value as JSON. Nested values are read from the message here. */
export function writeJsonValue(context: ValueContext, json: JsonWriter, value: AnyValue): void {
  writeValue({ context, json }, value, 0);
}

interface Writing {
  readonly context: ValueContext;
  readonly json: JsonWriter;
}

function writeValue(writing: Writing, value: AnyValue, depth: number): void {
  const { context, json } = writing;
  switch (value.kind) {
    case VALUE_STRING:
      json.string(context.reader.view, value.from, textEnd(context, value));
      return;
    case VALUE_BOOL:
      json.ascii(value.low === 1 ? "true" : "false");
      return;
    case VALUE_INT:
      json.int64(value.low, value.high);
      return;
    case VALUE_DOUBLE:
      writeDouble(writing, value.double);
      return;
    case VALUE_ARRAY:
      writeArray(writing, value, depth + 1);
      return;
    case VALUE_KVLIST:
      writeObject(writing, value, depth + 1);
      return;
    case VALUE_BYTES:
      writeBase64(writing, value);
      return;
    default:
      json.ascii("null");
  }
}

function textEnd(context: ValueContext, value: AnyValue): number {
  if (value.to - value.from <= TEXT_BYTES_MAX) return value.to;
  context.hasTruncated = true;
  const { bytes } = context.reader;
  let end = value.from + TEXT_BYTES_MAX;
  while (end > value.from && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return end;
}

function writeDouble(writing: Writing, value: number): void {
  if (Number.isFinite(value)) {
    writing.json.number(value);
    return;
  }
  // JSON has no NaN: NULL, and the record says so in its flags.
  writing.context.hasNonFinite = true;
  writing.json.ascii("null");
}

function writeBase64(writing: Writing, value: AnyValue): void {
  const end = textEnd(writing.context, value);
  const { bytes } = writing.context.reader;
  const source = Buffer.from(bytes.buffer, bytes.byteOffset + value.from, end - value.from);
  writing.json.ascii(`"${source.toString("base64")}"`);
}

function checkDepth(depth: number, at: number): void {
  if (depth > ANY_VALUE_DEPTH_MAX) {
    throw malformed(at, `attribute values are nested more than ${ANY_VALUE_DEPTH_MAX} levels deep`);
  }
}

function writeArray(writing: Writing, value: AnyValue, depth: number): void {
  const { reader } = writing.context;
  const { json } = writing;
  const end = value.to;
  checkDepth(depth, value.from);
  const after = reader.at;
  reader.at = value.from;
  json.byte(OPEN_ARRAY);
  const item = new AnyValue();
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag !== 0x0a) {
      skipMasked(writing.context, tag, end);
      continue;
    }
    readAnyValue(writing.context, reader.lengthEnd(end), item);
    json.comma();
    writeValue(writing, item, depth);
  }
  json.byte(CLOSE_ARRAY);
  reader.at = after;
}

function writeObject(writing: Writing, value: AnyValue, depth: number): void {
  const { reader } = writing.context;
  const end = value.to;
  checkDepth(depth, value.from);
  const after = reader.at;
  reader.at = value.from;
  writing.json.byte(OPEN_OBJECT);
  const item = new AnyValue();
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag !== 0x0a) {
      skipMasked(writing.context, tag, end);
      continue;
    }
    const memberEnd = reader.lengthEnd(end);
    const key = readKeyValue(writing.context, memberEnd, item);
    maskText(writing.context, key.from, key.to);
    writing.json.keyBytes(reader.view, key.from, key.to);
    writeValue(writing, item, depth);
  }
  writing.json.byte(CLOSE_OBJECT);
  reader.at = after;
}

/**
 * The layout that nearly every attribute has: a key and one scalar, each with a length below 128, and
 * nothing else. Answers false, having done nothing, for any other. The key is not masked.
 */
function readPlainPair(context: ValueContext, end: number, into: AnyValue): boolean {
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
  if (!isPlain || !readScalar(context, valueAt, { end, into })) return false;
  keyRange.from = at + 2;
  keyRange.to = valueAt - 2;
  reader.at = end;
  return true;
}

/** A value of one field whose length is already known to fit; false for any but the common four. */
function readScalar(
  context: ValueContext,
  at: number,
  to: { end: number; into: AnyValue },
): boolean {
  const { reader } = context;
  const { end, into } = to;
  const { bytes } = reader;
  switch (bytes[at] as number) {
    case 0x0a:
      if (bytes[at + 1] !== end - at - 2) return false;
      into.kind = VALUE_STRING;
      into.from = at + 2;
      into.to = end;
      into.isUnmasked = true;
      return true;
    case 0x18:
      return readShortVarint(bytes, at + 1, to);
    case 0x21:
      if (end - at !== 9) return false;
      into.kind = VALUE_DOUBLE;
      into.double = reader.view.getFloat64(at + 1, true);
      return true;
    default:
      return false;
  }
}

/** A varint of at most four bytes. */
function readShortVarint(
  bytes: Uint8Array,
  at: number,
  { end, into }: { end: number; into: AnyValue },
): boolean {
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
  context: ValueContext,
  end: number,
  into: AnyValue,
): { from: number; to: number } {
  const key = readPair(context, end, into);
  if (into.isUnmasked) {
    into.isUnmasked = false;
    maskText(context, into.from, into.to);
  }
  return key;
}

/** `readKeyValue` for a caller that masks a short text itself, when `into.isUnmasked` says so. */
export function readPair(
  context: ValueContext,
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

/**
 * Overwrites every text of a value that must not be kept at all (credentials in headers, command lines,
 * content of projects that store none), so that not even the write-ahead log holds it.
 */
export function blankValue(context: ValueContext, value: AnyValue): void {
  blank(context, value, 0);
}

function blank(context: ValueContext, value: AnyValue, depth: number): void {
  const { reader } = context;
  if (value.kind === VALUE_STRING || value.kind === VALUE_BYTES) {
    if (value.from < value.to) context.isAltered = true;
    reader.bytes.fill(STAR, value.from, value.to);
    return;
  }
  if (value.kind !== VALUE_ARRAY && value.kind !== VALUE_KVLIST) return;
  checkDepth(depth, value.from);
  const after = reader.at;
  const end = value.to;
  const isObject = value.kind === VALUE_KVLIST;
  reader.at = value.from;
  const item = new AnyValue();
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag !== 0x0a) {
      skipMasked(context, tag, end);
      continue;
    }
    const itemEnd = reader.lengthEnd(end);
    if (isObject) {
      const key = readKeyValue(context, itemEnd, item);
      maskText(context, key.from, key.to);
    } else readAnyValue(context, itemEnd, item);
    blank(context, item, depth + 1);
  }
  reader.at = after;
}
