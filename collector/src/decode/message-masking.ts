import type { Redactor } from "@lensai/otel-config/redaction/redactor";
import { VALUE_ARRAY, VALUE_BYTES, VALUE_KVLIST, VALUE_STRING } from "./any-value.ts";
import type { AnyValue } from "./any-value.ts";
import {
  GROUP_DEPTH_MAX,
  WIRE_GROUP_END,
  WIRE_GROUP_START,
  WIRE_LENGTH,
  malformed,
} from "./otlp-reader.ts";
import type { OtlpReader } from "./otlp-reader.ts";

/**
 * What the decoder takes out of a message before the message becomes durable: matches of the redaction rules,
 * and bytes that nobody will look into again.
 */

const STAR = 0x2a;
const SPACE = 0x20;
const encoder = new TextEncoder();

/** The message being read and what was taken out of it; counters are reset by the record that owns the text. */
export interface MessageMasking {
  readonly reader: OtlpReader;
  readonly redactor: Redactor;
  /** Matches masked in the current record. */
  redactions: number;
  /** Bytes of the message were overwritten: it may no longer go to disk in its compressed form. */
  isAltered: boolean;
}

/** The shortest text that any redaction rule matches is `a@b.co`. */
const MASKED_BYTES_MIN = 6;

/** Masks what the rules find in a text of the message. */
export function maskText(context: MessageMasking, from: number, to: number): void {
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
export function skipMasked(context: MessageMasking, tag: number, end: number): void {
  stepOver(context, { tag, end, depth: 0 });
}

function stepOver(
  context: MessageMasking,
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
export function overwriteValue(context: MessageMasking, value: AnyValue): void {
  if (!RANGED_KINDS.has(value.kind)) return;
  overwriteRange(context, value.from, value.to);
}

/** The same for bytes of any kind. */
export function overwriteRange(context: MessageMasking, from: number, to: number): void {
  if (from === to) return;
  context.reader.bytes.fill(STAR, from, to);
  context.isAltered = true;
}

/**
 * Puts a text in the place of a string value, filled up with spaces. False when it is empty or too long, or
 * when the value is no string.
 */
export function replaceText(context: MessageMasking, value: AnyValue, text: string): boolean {
  const bytes = encoder.encode(text);
  const room = value.to - value.from;
  if (value.kind !== VALUE_STRING || bytes.length === 0 || bytes.length > room) return false;
  context.reader.bytes.set(bytes, value.from);
  context.reader.bytes.fill(SPACE, value.from + bytes.length, value.to);
  context.isAltered = true;
  return true;
}

const RANGED_KINDS: ReadonlySet<number> = new Set([
  VALUE_STRING,
  VALUE_ARRAY,
  VALUE_KVLIST,
  VALUE_BYTES,
]);
