import {
  AnyValue,
  VALUE_ARRAY,
  VALUE_BOOL,
  VALUE_BYTES,
  VALUE_DOUBLE,
  VALUE_INT,
  VALUE_KVLIST,
  VALUE_STRING,
} from "./any-value.ts";
import type { JsonWriter } from "./json-writer.ts";
import { maskText } from "./message-masking.ts";
import type { MessageMasking } from "./message-masking.ts";
import { forEachElement, readAnyValue, readKeyValue } from "./read-value.ts";

const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** A single attribute value beyond this is cut: it is data dumped into an attribute, not an attribute. */
const TEXT_BYTES_MAX = 256 * 1024;

/** What is noted while values are written; reset by the record that owns them. */
export interface JsonContext extends MessageMasking {
  /** A number that JSON cannot hold was written as null. */
  hasNonFinite: boolean;
  /** A text was cut. */
  hasTruncated: boolean;
}

/** Writes a value as JSON. Nested values are read from the message here. */
export function writeJsonValue(context: JsonContext, json: JsonWriter, value: AnyValue): void {
  if (value.kind === VALUE_ARRAY) writeArray({ context, json }, value, 1);
  else if (value.kind === VALUE_KVLIST) writeObject({ context, json }, value, 1);
  else writeScalar(context, json, value);
}

interface Writing {
  readonly context: JsonContext;
  readonly json: JsonWriter;
}

/** `depth` counts the values around it. */
function writeValue(writing: Writing, value: AnyValue, depth: number): void {
  if (value.kind === VALUE_ARRAY) writeArray(writing, value, depth + 1);
  else if (value.kind === VALUE_KVLIST) writeObject(writing, value, depth + 1);
  else writeScalar(writing.context, writing.json, value);
}

function writeScalar(context: JsonContext, json: JsonWriter, value: AnyValue): void {
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
      writeDouble(context, json, value.double);
      return;
    case VALUE_BYTES:
      writeBase64(context, json, value);
      return;
    default:
      json.ascii("null");
  }
}

function textEnd(context: JsonContext, value: AnyValue): number {
  if (value.to - value.from <= TEXT_BYTES_MAX) return value.to;
  context.hasTruncated = true;
  const { bytes } = context.reader;
  let end = value.from + TEXT_BYTES_MAX;
  while (end > value.from && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  return end;
}

function writeDouble(context: JsonContext, json: JsonWriter, value: number): void {
  if (Number.isFinite(value)) {
    json.number(value);
    return;
  }
  // JSON has no NaN: NULL, and the record says so in its flags.
  context.hasNonFinite = true;
  json.ascii("null");
}

function writeBase64(context: JsonContext, json: JsonWriter, value: AnyValue): void {
  const end = textEnd(context, value);
  const { bytes } = context.reader;
  const source = Buffer.from(bytes.buffer, bytes.byteOffset + value.from, end - value.from);
  json.ascii(`"${source.toString("base64")}"`);
}

/** What is read of the lists and maps being written, one inside the other; reused. */
const items: AnyValue[] = [];

function itemAt(depth: number): AnyValue {
  const item = items[depth] ?? new AnyValue();
  items[depth] = item;
  return item;
}

function writeArray(writing: Writing, value: AnyValue, depth: number): void {
  const { context, json } = writing;
  const item = itemAt(depth);
  json.byte(OPEN_ARRAY);
  forEachElement(context, { value, depth }, (end) => {
    readAnyValue(context, end, item);
    json.comma();
    writeValue(writing, item, depth);
  });
  json.byte(CLOSE_ARRAY);
}

function writeObject(writing: Writing, value: AnyValue, depth: number): void {
  const { context, json } = writing;
  const item = itemAt(depth);
  json.byte(OPEN_OBJECT);
  forEachElement(context, { value, depth }, (end) => {
    const key = readKeyValue(context, end, item);
    maskText(context, key.from, key.to);
    json.keyBytes(context.reader.view, key.from, key.to);
    writeValue(writing, item, depth);
  });
  json.byte(CLOSE_OBJECT);
}
