import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { PENDING_SPAN } from "@lensai/otel-config/dialects/pending-span";
import { RAW_USAGE_FIELDS } from "@lensai/otel-config/dialects/dialect";
import type { RawUsageField } from "@lensai/otel-config/dialects/dialect";
import type { AttributeClaim } from "@lensai/otel-config/dialects/compile-dialects";
import { breakOffName } from "@lensai/otel-config/billing/break-off";
import { createRedactor } from "@lensai/otel-config/redaction/redactor";
import type { Redactor } from "@lensai/otel-config/redaction/redactor";
import { AnyValue, VALUE_ARRAY, VALUE_BYTES, VALUE_KVLIST, VALUE_STRING } from "./any-value.ts";
import { blankValue } from "./blank-value.ts";
import type { JsonWriter } from "./json-writer.ts";
import { KeyTable } from "./key-table.ts";
import type { KeyInfo } from "./key-table.ts";
import { maskText, overwriteRange, overwriteValue } from "./message-masking.ts";
import { OtlpReader } from "./otlp-reader.ts";
import { readKeyValue } from "./read-value.ts";
import { FLAG } from "./record-flags.ts";
import { toNumber } from "./coerce.ts";
import { UnreadCounts } from "./unread-counts.ts";
import { writeJsonValue } from "./value-json.ts";
import type { JsonContext } from "./value-json.ts";

/** More attributes on one record than this are counted and dropped; OTel SDKs stop at 128 by default. */
const ATTRIBUTES_PER_RECORD_MAX = 1024;

/** Of the event of an exception. */
export const EXCEPTION_MESSAGE = "exception.message";

/** A field with its target resolved: a column, a place in the raw usage, or neither. */
export interface FieldTarget {
  readonly column: number;
  readonly usage: RawUsageField | undefined;
}

const SPOKEN_KINDS: ReadonlySet<number> = new Set([
  VALUE_STRING,
  VALUE_ARRAY,
  VALUE_KVLIST,
  VALUE_BYTES,
]);
const OPEN_OBJECT = 0x7b;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const PENDING = encoder.encode(PENDING_SPAN.value);

/**
 * Reads attribute lists: unknown attributes go straight into a JSON writer, attributes that fill a column
 * are remembered, and the best of several names for one field wins. One instance serves a whole process;
 * between `begin` and the next `begin` it holds the state of one record.
 */
export class AttributeDecoder implements JsonContext {
  readonly reader = new OtlpReader();
  readonly keys: KeyTable;
  readonly redactor: Redactor;
  /** Token counts of the current record that fill nothing. */
  readonly unread = new UnreadCounts();
  redactions = 0;
  isAltered = false;
  hasNonFinite = false;
  hasTruncated = false;
  keepsContent = true;
  flags = 0;
  /** Bits of the dialects whose signs the record's attributes show. */
  signs = 0;
  /** The span is a copy of one that has not ended. */
  isPending = false;
  attributeCount = 0;
  droppedCount = 0;
  /** Fields filled by the current record, in the order met. */
  readonly touched: Uint16Array;
  touchedCount = 0;
  readonly targets: readonly FieldTarget[];
  private epoch = 0;
  private readonly epochs: Uint32Array;
  private readonly ranks: Uint32Array;
  private readonly values: AnyValue[];
  private readonly infos: KeyInfo[] = [];
  private scratch = new AnyValue();
  private last = this.scratch;

  constructor(redactor: Redactor) {
    this.redactor = redactor;
    this.keys = new KeyTable(createRedactor());
    this.targets = this.keys.compiled.fields.map(({ kind, field }) => ({
      column: kind === "tokens" || field === "" ? -1 : columnIndex(field),
      usage: RAW_USAGE_FIELDS.find((name) => kind === "tokens" && name === field),
    }));
    this.touched = new Uint16Array(this.targets.length);
    this.epochs = new Uint32Array(this.targets.length);
    this.ranks = new Uint32Array(this.targets.length);
    this.values = this.targets.map(() => new AnyValue());
  }

  /** Forgets the record before. */
  begin(): void {
    this.epoch += 1;
    this.touchedCount = 0;
    this.unread.clear();
    this.redactions = 0;
    this.hasNonFinite = false;
    this.hasTruncated = false;
    this.flags = 0;
    this.signs = 0;
    this.isPending = false;
    this.attributeCount = 0;
    this.droppedCount = 0;
  }

  /** The value that fills a field in the current record. */
  valueOf(field: number): AnyValue {
    return this.values[field] as AnyValue;
  }

  /** The attribute that the value came in. */
  keyOf(field: number): KeyInfo {
    return this.infos[field] as KeyInfo;
  }

  /** Reads one KeyValue of a record that ends at `end`. */
  readAttribute(end: number, json: JsonWriter): KeyInfo {
    const value = this.scratch;
    this.last = value;
    const range = readKeyValue(this, end, value);
    const key = this.keys.predict(this.attributeCount, this.reader.view, range);
    this.attributeCount += 1;
    if (key.isSensitive) maskText(this, range.from, range.to);
    this.signs |= key.signs;
    if (key.isPendingMark) this.isPending = isText(this.reader.bytes, value, PENDING);
    if (this.attributeCount > ATTRIBUTES_PER_RECORD_MAX || key.policy === "drop") {
      this.dropAttribute(key, value);
    } else if (key.claim !== undefined) this.offer(key, value, json);
    else {
      this.noteUnread(key, value);
      if (this.isHidden(key, value)) blankValue(this, value);
      else this.writeMember(json, key, value);
    }
    return key;
  }

  private noteUnread({ unreadCount }: KeyInfo, value: AnyValue): void {
    if (unreadCount !== undefined)
      this.unread.note(unreadCount, toNumber(value, this.reader.bytes));
  }

  private dropAttribute(key: KeyInfo, value: AnyValue): void {
    blankValue(this, value);
    if (key.policy === "drop") return;
    this.droppedCount += 1;
    this.flags |= FLAG.attributesDropped;
  }

  /** A member of a JSON object, which is opened by its first member. Of equal keys the last one stays. */
  writeMember(json: JsonWriter, key: KeyInfo, value: AnyValue): void {
    this.beginMember(json, key);
    writeJsonValue(this, json, value);
    key.member.to = json.position;
  }

  /** A member whose value is JSON text already. */
  writeRawMember(json: JsonWriter, key: KeyInfo, text: string): void {
    this.beginMember(json, key);
    const bytes = encoder.encode(text);
    json.raw(bytes, 0, bytes.length);
    key.member.to = json.position;
  }

  private beginMember(json: JsonWriter, key: KeyInfo): void {
    openObject(json);
    const { member } = key;
    if (member.objectId === json.objectId) {
      this.flags |= FLAG.duplicateKeys;
      json.removeMember(member.from, member.to);
    }
    json.comma();
    member.objectId = json.objectId;
    member.from = json.position;
    json.copy(key.json, key.jsonLength);
  }

  private offer(key: KeyInfo, value: AnyValue, json: JsonWriter): void {
    const claim = key.claim as AttributeClaim;
    const { field, rank } = claim;
    if (this.isWritten(key)) this.writeMember(json, key, value);
    if (this.epochs[field] !== this.epoch) {
      this.epochs[field] = this.epoch;
      this.touched[this.touchedCount] = field;
      this.touchedCount += 1;
      this.hold(key, claim, value);
      return;
    }
    const held = this.ranks[field] as number;
    if (rank === held) {
      this.flags |= FLAG.duplicateKeys;
      if (!this.isWritten(this.keyOf(field))) overwriteValue(this, this.valueOf(field));
    }
    if (rank <= held) {
      if (rank < held) this.keepLoser(this.keyOf(field), this.valueOf(field), json);
      this.hold(key, claim, value);
    } else this.keepLoser(key, value, json);
  }

  /** A second name for a field: it fills no column, so it stays among the attributes. */
  private keepLoser(key: KeyInfo, value: AnyValue, json: JsonWriter): void {
    if (this.isWritten(key)) return;
    if (this.isHidden(key, value)) blankValue(this, value);
    else this.writeMember(json, key, value);
  }

  /** Is what fills a column also written among the attributes, when it is met? */
  private isWritten(key: KeyInfo): boolean {
    return key.claim?.keep === true && (this.keepsContent || !isContent(key));
  }

  /** Content of a project that keeps none. A number says nothing of what was said. */
  isHidden(key: KeyInfo, value: AnyValue): boolean {
    return !this.keepsContent && isContent(key) && SPOKEN_KINDS.has(value.kind);
  }

  private hold(key: KeyInfo, { field, rank }: AttributeClaim, value: AnyValue): void {
    // The value changes hands; the one held before becomes the next scratch value.
    this.scratch = this.valueOf(field);
    this.values[field] = value;
    this.ranks[field] = rank;
    this.infos[field] = key;
  }

  /** Overwrites the values that wait for their columns, in a record that makes no row. */
  blankHeld(): void {
    for (let i = 0; i < this.touchedCount; i += 1) {
      blankValue(this, this.valueOf(this.touched[i] as number));
    }
  }

  /** A value that fills nothing, by its shape or in records of this dialect, stays among the attributes. */
  keepUnfit(field: number, json: JsonWriter): void {
    this.noteUnread(this.keyOf(field), this.valueOf(field));
    this.keepLoser(this.keyOf(field), this.valueOf(field), json);
  }

  /**
   * Reads one KeyValue into a JSON object and fills no column: attributes of events, links, scopes and
   * resources. Content keys are blanked when the project keeps no content.
   */
  readMember(end: number, json: JsonWriter): KeyInfo {
    const value = this.scratch;
    this.last = value;
    const range = readKeyValue(this, end, value);
    const key = this.keys.lookup(this.reader.view, range.from, range.to);
    if (key.isSensitive) maskText(this, range.from, range.to);
    if (key.policy === "drop") blankValue(this, value);
    else if (this.isHidden(key, value)) this.hideMember(key, value);
    else this.writeMember(json, key, value);
    return key;
  }

  /** What an exception says is gone, but for the name of an error that tells of a call that broke off. */
  private hideMember({ name }: KeyInfo, value: AnyValue): void {
    if (name !== EXCEPTION_MESSAGE || value.kind !== VALUE_STRING) {
      blankValue(this, value);
      return;
    }
    const { from, to } = value;
    const text = decoder.decode(this.reader.bytes.subarray(from, to));
    overwriteRange(this, from + breakOffName(text).length, to);
  }

  /** The value read last by `readAttribute` or `readMember`. */
  get lastValue(): AnyValue {
    return this.last;
  }
}

/** What is read as a count, a name or a word is none, whatever it is called: `llm.token_count.prompt`. */
function isContent({ policy, claim }: KeyInfo): boolean {
  if (claim === undefined || claim.kind === "json") return policy === "content";
  return claim.kind === "content";
}

function isText(bytes: Uint8Array, value: AnyValue, text: Uint8Array): boolean {
  if (value.kind !== VALUE_STRING || value.to - value.from !== text.length) return false;
  return text.every((byte, index) => bytes[value.from + index] === byte);
}

/** Begins a JSON object unless one is begun. */
export function openObject(json: JsonWriter): void {
  if (json.isBegun) return;
  json.begin();
  json.byte(OPEN_OBJECT);
}

/** Does the value hold other values? */
export function isNested(value: AnyValue): boolean {
  return value.kind === VALUE_ARRAY || value.kind === VALUE_KVLIST;
}
