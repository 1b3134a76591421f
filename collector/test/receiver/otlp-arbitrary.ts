import * as fc from "fast-check";
import protobuf from "protobufjs";
import { otlpRoot } from "../../src/receiver/proto/otlp.ts";

/** Random OTLP messages, driven by the descriptors, as plain objects that `Type.fromObject` accepts. */

/** Below this many nested messages no further repeated or AnyValue message is generated. */
const DEPTH_MAX = 9;

export function arbitraryMessage(name: string): fc.Arbitrary<Record<string, unknown>> {
  return messageOf(otlpRoot().lookupType(name), 0);
}

function messageOf(type: protobuf.Type, depth: number): fc.Arbitrary<Record<string, unknown>> {
  const fields = type.fieldsArray.filter((field) => !field.name.endsWith("Strindex"));
  const members = new Map<string, fc.Arbitrary<unknown>>();
  for (const field of fields) members.set(field.name, fieldOf(field, depth));
  return fc
    .record(Object.fromEntries(members), { requiredKeys: [] })
    .chain((full) => withOneMember(type, full));
}

/** Keeps one member of each oneof. */
function withOneMember(
  type: protobuf.Type,
  full: Record<string, unknown>,
): fc.Arbitrary<Record<string, unknown>> {
  const groups = type.oneofsArray
    .filter((group) => !group.isProto3Optional)
    .map((group) => group.oneof.filter((name) => name in full))
    .filter((names) => names.length > 1);
  return fc.tuple(...groups.map((names) => fc.constantFrom(...names))).map((kept) => {
    const dropped = new Set(groups.flat().filter((name) => !kept.includes(name)));
    return Object.fromEntries(Object.entries(full).filter(([name]) => !dropped.has(name)));
  });
}

function fieldOf(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  const single = singleOf(field, depth);
  if (!field.repeated) return single;
  return fc.array(single, { maxLength: depth > DEPTH_MAX ? 0 : 3 });
}

function singleOf(field: protobuf.Field, depth: number): fc.Arbitrary<unknown> {
  const { resolvedType } = field;
  if (resolvedType instanceof protobuf.Enum) {
    return fc.constantFrom(...Object.values(resolvedType.values));
  }
  if (resolvedType instanceof protobuf.Type) {
    return depth > DEPTH_MAX ? fc.constant({}) : messageOf(resolvedType, depth + 1);
  }
  return scalarOf(field);
}

function scalarOf(field: protobuf.Field): fc.Arbitrary<unknown> {
  if (field.type === "bytes") return bytesOf(field.name);
  const scalar = SCALARS[field.type];
  if (scalar === undefined) throw new RangeError(`no generator for ${field.type}`);
  return scalar;
}

const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.nat({ max: 2 ** 31 - 1 });
const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);

const SCALARS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: fc.string({ unit: "grapheme", maxLength: 12 }),
  bool: fc.boolean(),
  double: fc.double(),
  int32,
  sint32: int32,
  uint32,
  fixed32: uint32,
  int64,
  sfixed64: int64,
  uint64,
  fixed64: uint64,
};

const ID_LENGTHS: Readonly<Record<string, number>> = { traceId: 16, spanId: 8, parentSpanId: 8 };

function bytesOf(name: string): fc.Arbitrary<Buffer> {
  const length = ID_LENGTHS[name];
  const array =
    length === undefined
      ? fc.uint8Array({ maxLength: 8 })
      : fc.oneof(
          { weight: 5, arbitrary: fc.uint8Array({ minLength: length, maxLength: length }) },
          fc.uint8Array({ maxLength: 20 }),
        );
  return array.map((bytes) => Buffer.from(bytes));
}

/** The OTLP/JSON form of a message object: hex ids, base64 bytes, "NaN" for NaN, "-0" for what JSON.stringify loses. */
export function otlpJsonOf(value: unknown, key = ""): unknown {
  if (Buffer.isBuffer(value)) return value.toString(key in ID_LENGTHS ? "hex" : "base64");
  if (Array.isArray(value)) return value.map((element) => otlpJsonOf(element, key));
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return "-0";
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name, otlpJsonOf(member, name)]),
  );
}

/** Comparable form of encoded OTLP: what the oracle reads, without defaults. */
export function decodeWithOracle(name: string, bytes: Uint8Array): Record<string, unknown> {
  const type = otlpRoot().lookupType(name);
  return type.toObject(type.decode(bytes), { longs: String, bytes: String, json: true });
}

export function encodeWithOracle(name: string, message: Record<string, unknown>): Buffer {
  const type = otlpRoot().lookupType(name);
  return Buffer.from(type.encode(type.fromObject(message)).finish());
}
