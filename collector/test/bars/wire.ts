import { encodeWithOracle } from "../receiver/otlp-arbitrary.ts";

/** Protobuf written field by field, for what no encoder would produce. */

type Json = Record<string, unknown>;

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

/** A length-delimited field. */
export function bytesField(number: number, value: Uint8Array | string): Buffer {
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([varint(number * 8 + 2), varint(bytes.length), bytes]);
}

/** A group (wire types 3 and 4): deprecated, and still to be stepped over. */
export function groupField(number: number, ...fields: Uint8Array[]): Buffer {
  return Buffer.concat([varint(number * 8 + 3), ...fields, varint(number * 8 + 4)]);
}

export const encode = (type: string, message: Json): Buffer => encodeWithOracle(type, message);

export const anyText = (text: string): Buffer => encode("AnyValue", { stringValue: text });

/** An AnyValue that is a map with one entry. */
export const anyMap = (key: string, text: string): Buffer =>
  encode("AnyValue", { kvlistValue: { values: [{ key, value: { stringValue: text } }] } });

/** A KeyValue made of raw values: more than one makes all but the last superseded. */
export const keyValue = (key: string, ...values: Uint8Array[]): Buffer =>
  Buffer.concat([bytesField(1, key), ...values.map((value) => bytesField(2, value))]);

/** A request whose records are given as bytes: one resource, one scope. */
export function requestOf(...records: Uint8Array[]): Buffer {
  const scope = Buffer.concat(records.map((record) => bytesField(2, record)));
  return bytesField(1, bytesField(2, scope));
}
