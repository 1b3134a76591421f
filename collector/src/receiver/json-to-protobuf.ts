import { isAscii } from "node:buffer";
import { LensError } from "@lensai/otel-config/errors";
import { MESSAGE_FIELDS } from "./json-messages.ts";
import type { FieldKind, FieldSpec } from "./json-messages.ts";
import {
  JsonShapeError,
  boolOf,
  doubleOf,
  int32Of,
  int64Of,
  isObject,
  kindOf,
  textOf,
} from "./json-scalars.ts";
import { ANY_VALUE_DEPTH_MAX, JSON_CONTAINERS_MAX } from "./limits.ts";
import { ProtobufWriter } from "./protobuf-writer.ts";
import type { Signal } from "../pipeline/ingest.ts";

export interface TranscodedBody {
  readonly body: Uint8Array;
  /** What the sender should know although the request is accepted; short, without values. */
  readonly hints: readonly string[];
}

const ROOTS: Readonly<Record<Signal, string>> = {
  traces: "TraceRequest",
  logs: "LogsRequest",
  metrics: "MetricsRequest",
};

/**
 * Turns OTLP/JSON into the OTLP protobuf bytes of the same request, so that everything after it knows one
 * encoding. Reads generously (OTLP 1.11 JSON mapping plus what senders in the field do): keys in both
 * spellings, enum names, 64-bit integers in any form, ids in either case, null as default, unknown keys
 * ignored. An id that is not hex becomes one zero byte, which no decoder takes for an id, and a hint.
 *
 * Throws LensError `ingest.body_malformed` with the path of the first field that cannot be read, and
 * `ingest.body_too_large` when the protobuf form exceeds `sizeBytesMax`.
 */
export function transcodeJson(
  signal: Signal,
  json: Uint8Array,
  sizeBytesMax: number,
): TranscodedBody {
  const request = parseJson(json);
  if (!isObject(request)) {
    throw new LensError(
      "ingest.body_malformed",
      `the body is ${kindOf(request)}; OTLP/JSON is one object such as {"${ROOT_KEYS[signal]}":[…]}`,
    );
  }
  const writer = new ProtobufWriter(json.length >> 1, sizeBytesMax);
  const target: Target = { writer, hints: new Set(), valueDepth: 0 };
  try {
    writeFields(target, ROOTS[signal], request);
  } catch (error) {
    throw error instanceof JsonShapeError ? error.toLensError() : error;
  }
  return { body: writer.finish(), hints: [...target.hints] };
}

const ROOT_KEYS: Readonly<Record<Signal, string>> = {
  traces: "resourceSpans",
  logs: "resourceLogs",
  metrics: "resourceMetrics",
};

function parseJson(json: Uint8Array): unknown {
  refuseTooManyContainers(json);
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.length);
  const text = isAscii(bytes) ? bytes.toString("latin1") : bytes.toString("utf8");
  try {
    return JSON.parse(text.codePointAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text) as unknown;
  } catch {
    // V8's message quotes the input, which can be content.
    throw new LensError("ingest.body_malformed", "the body is not valid JSON");
  }
}

const BYTE_ORDER_MARK = 0xfeff;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** `[[[[…` costs 30 times its size once parsed, so the containers are counted before. */
function refuseTooManyContainers(json: Uint8Array): void {
  if (json.length < JSON_CONTAINERS_MAX) return;
  let containers = 0;
  for (const open of [OPEN_BRACE, OPEN_BRACKET]) {
    for (let at = json.indexOf(open); at >= 0; at = json.indexOf(open, at + 1)) containers += 1;
  }
  if (containers > JSON_CONTAINERS_MAX) {
    throw new LensError(
      "ingest.body_too_large",
      `the JSON holds more than ${JSON_CONTAINERS_MAX} objects and lists; send smaller batches or protobuf`,
    );
  }
}

interface Target {
  readonly writer: ProtobufWriter;
  readonly hints: Set<string>;
  /** AnyValues around what is being written. */
  valueDepth: number;
}

type FieldTable = ReadonlyMap<string, FieldSpec>;

const camelCase = (key: string): string =>
  key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** Fields by either spelling of their key. */
const TABLES: ReadonlyMap<string, FieldTable> = new Map(
  Object.entries(MESSAGE_FIELDS).map(([name, fields]) => [
    name,
    new Map(
      fields.flatMap((spec) => [[camelCase(spec.key), spec] as const, [spec.key, spec] as const]),
    ),
  ]),
);

function writeFields(target: Target, message: string, from: Record<string, unknown>): void {
  const table = TABLES.get(message) as FieldTable;
  for (const key in from) {
    const spec = table.get(key);
    if (spec === undefined) continue;
    const value = from[key];
    if (value === null && spec.kind !== "double-or-nan") continue;
    try {
      WRITERS[spec.kind](target, spec, value);
    } catch (error) {
      if (error instanceof JsonShapeError) error.prepend(key);
      throw error;
    }
  }
}

const VARINT = 0;
const FIXED64 = 1;
const DELIMITED = 2;
const FIXED32 = 5;

type FieldWriter = (target: Target, spec: FieldSpec, value: unknown) => void;

const scalar =
  (wireType: number, write: (writer: ProtobufWriter, value: unknown) => void): FieldWriter =>
  ({ writer }, spec, value) => {
    writer.tag(spec.number, wireType);
    write(writer, value);
  };

const packed =
  (write: (writer: ProtobufWriter, value: unknown) => void): FieldWriter =>
  ({ writer }, spec, value) => {
    const elements = listOf(value);
    writer.tag(spec.number, DELIMITED);
    const start = writer.open();
    for (const element of elements) write(writer, element);
    writer.close(start);
  };

const writeDouble = scalar(FIXED64, (writer, value) => writer.double(doubleOf(value)));

const WRITERS: Readonly<Record<FieldKind, FieldWriter>> = {
  text: scalar(DELIMITED, (writer, value) => writer.text(textOf(value))),
  base64: scalar(DELIMITED, (writer, value) => writer.encoded(textOf(value), "base64")),
  bool: scalar(VARINT, (writer, value) => writer.byte(boolOf(value) ? 1 : 0)),
  int32: scalar(VARINT, (writer, value) => writer.varint32(int32Of(value))),
  sint32: scalar(VARINT, (writer, value) => {
    const number = int32Of(value);
    writer.varint32((number << 1) ^ (number >> 31));
  }),
  fixed32: scalar(FIXED32, (writer, value) => writer.fixed32(int32Of(value))),
  fixed64: scalar(FIXED64, (writer, value) => writer.fixed64(int64Of(value))),
  double: writeDouble,
  "double-or-nan": writeDouble,
  "packed-double": packed((writer, value) => writer.double(doubleOf(value))),
  "packed-fixed64": packed((writer, value) => writer.fixed64(int64Of(value))),
  "packed-uint64": packed((writer, value) => writer.varint64(int64Of(value))),
  id: writeId,
  "any-int": writeAnyInt,
  enum: writeEnum,
  message: writeMessage,
  messages: writeMessages,
  texts: writeTexts,
  "key-values": writeKeyValues,
  "any-value": writeAnyValue,
  "any-values": writeAnyValues,
};

function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new JsonShapeError(`must be a list, not ${kindOf(value)}`);
  return value;
}

function writeMessage(target: Target, spec: FieldSpec, value: unknown): void {
  if (!isObject(value)) throw new JsonShapeError(`must be an object, not ${kindOf(value)}`);
  const { writer } = target;
  writer.tag(spec.number, DELIMITED);
  const start = writer.open();
  writeFields(target, spec.message as string, value);
  writer.close(start);
}

function writeMessages(target: Target, spec: FieldSpec, value: unknown): void {
  const elements = listOf(value);
  let index = 0;
  try {
    for (; index < elements.length; index += 1) {
      if (elements[index] !== null) writeMessage(target, spec, elements[index]);
    }
  } catch (error) {
    if (error instanceof JsonShapeError) error.prepend(`[${index}]`);
    throw error;
  }
}

function writeKeyValues(target: Target, spec: FieldSpec, value: unknown): void {
  if (isObject(value)) {
    throw new JsonShapeError(
      'must be a list such as [{"key":"a","value":{"stringValue":"b"}}], not an object',
    );
  }
  writeMessages(target, spec, value);
}

function writeTexts({ writer }: Target, spec: FieldSpec, value: unknown): void {
  for (const text of listOf(value)) {
    writer.tag(spec.number, DELIMITED);
    writer.text(textOf(text));
  }
}

function writeAnyValue(target: Target, spec: FieldSpec, value: unknown): void {
  if (!isObject(value)) {
    throw new JsonShapeError(`must be an object such as {"stringValue":"b"}, not ${kindOf(value)}`);
  }
  if (target.valueDepth > ANY_VALUE_DEPTH_MAX) {
    throw new LensError(
      "ingest.body_malformed",
      `attribute values are nested deeper than ${ANY_VALUE_DEPTH_MAX} levels; flatten them or send them as JSON text`,
    );
  }
  target.valueDepth += 1;
  writeMessage(target, spec, value);
  target.valueDepth -= 1;
}

/** A null element becomes an empty value: leaving it out would shift its neighbours. */
function writeAnyValues(target: Target, spec: FieldSpec, value: unknown): void {
  for (const element of listOf(value)) writeAnyValue(target, spec, element ?? {});
}

/** JavaScript senders cannot tell 1 from 1.0, so some write `{"intValue": 0.5}`: read as doubleValue. */
function writeAnyInt({ writer, hints }: Target, spec: FieldSpec, value: unknown): void {
  if (typeof value === "number" && !Number.isInteger(value)) {
    hints.add("an intValue holds a fraction: it was read as doubleValue");
    writer.tag(DOUBLE_VALUE_FIELD, FIXED64);
    writer.double(value);
    return;
  }
  writer.tag(spec.number, VARINT);
  if (typeof value === "number" && value >= 0 && value <= UINT32_MAX) writer.varint32(value);
  else writer.varint64(int64Of(value));
}

const DOUBLE_VALUE_FIELD = 4;
const UINT32_MAX = 4_294_967_295;

function writeEnum({ writer, hints }: Target, spec: FieldSpec, value: unknown): void {
  writer.tag(spec.number, VARINT);
  const byName = typeof value === "string" ? (spec.names ?? []).indexOf(value) : -1;
  if (byName >= 0) return writer.varint32(byName);
  if (typeof value !== "string" || /^\d+$/.test(value)) return writer.varint32(int32Of(value));
  hints.add(`a ${camelCase(spec.key)} has an unknown name: it was read as unspecified`);
  writer.varint32(0);
}

const HEX = /^[\da-f]*$/i;
/** Base64 of 16 and of 8 bytes, padded or not, in either alphabet. */
const BASE64_ID = /^(?:[\w+/-]{22}(?:==)?|[\w+/-]{11}=?)$/;

function writeId({ writer, hints }: Target, spec: FieldSpec, value: unknown): void {
  const text = textOf(value);
  writer.tag(spec.number, DELIMITED);
  if (text.length % 2 === 0 && HEX.test(text)) {
    writer.encoded(text, "hex");
    return;
  }
  writer.varint32(1);
  writer.byte(0);
  const key = camelCase(spec.key);
  hints.add(
    BASE64_ID.test(text)
      ? `a ${key} looks like base64: ids in OTLP/JSON are hex`
      : `a ${key} is not hex: ids in OTLP/JSON are hex`,
  );
}
