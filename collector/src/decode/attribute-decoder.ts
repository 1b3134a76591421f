import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { PENDING_SPAN } from "@lensai/otel-config/dialects/pending-span";
import { RAW_USAGE_FIELDS } from "@lensai/otel-config/dialects/dialect";
import type { FieldKind, RawUsageField } from "@lensai/otel-config/dialects/dialect";
import { createRedactor } from "@lensai/otel-config/redaction/redactor";
import type { Redactor } from "@lensai/otel-config/redaction/redactor";
import { AnyValue, VALUE_ARRAY, VALUE_KVLIST, VALUE_STRING } from "./any-value.ts";
import { blankValue } from "./blank-value.ts";
import type { JsonWriter } from "./json-writer.ts";
import { KeyTable } from "./key-table.ts";
import type { KeyInfo } from "./key-table.ts";
import { maskText, overwriteValue } from "./message-masking.ts";
import { OtlpReader } from "./otlp-reader.ts";
import { readKeyValue } from "./read-value.ts";
import { FLAG } from "./record-flags.ts";
import { writeJsonValue } from "./value-json.ts";
import type { JsonContext } from "./value-json.ts";

/** More attributes on one record than this are counted and dropped; OTel SDKs stop at 128 by default. */
const ATTRIBUTES_PER_RECORD_MAX = 1024;

/** A field rule with its target resolved: a column, or a place in the raw usage. */
export interface FieldTarget {
  readonly kind: FieldKind;
  readonly column: number;
  readonly usage: RawUsageField | undefined;
  readonly keep: boolean;
}

const OPEN_OBJECT = 0x7b;
const PENDING = new TextEncoder().encode(PENDING_SPAN.value);

/**
 * Reads attribute lists: unknown attributes go straight into a JSON writer, attributes that fill a column
 * are remembered, and the best of several names for one field wins. One instance serves a whole process;
 * between `begin` and the next `begin` it holds the state of one record.
 */
export class AttributeDecoder implements JsonContext {
  readonly reader = new OtlpReader();
  readonly keys: KeyTable;
  readonly redactor: Redactor;
  redactions = 0;
  isAltered = false;
  hasNonFinite = false;
  hasTruncated = false;
  keepsContent = true;
  flags = 0;
  isGenAi = false;
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
    this.targets = this.keys.fields.map((rule) => ({
      kind: rule.kind,
      column: rule.kind === "tokens" ? -1 : columnIndex(rule.field),
      usage: RAW_USAGE_FIELDS.find((name) => rule.kind === "tokens" && name === rule.field),
      keep: rule.keep,
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
    this.redactions = 0;
    this.hasNonFinite = false;
    this.hasTruncated = false;
    this.flags = 0;
    this.isGenAi = false;
    this.isPending = false;
    this.attributeCount = 0;
    this.droppedCount = 0;
  }

  /** The value that fills a field in the current record. */
  valueOf(field: number): AnyValue {
    return this.values[field] as AnyValue;
  }

  /** Reads one KeyValue of a record that ends at `end`. */
  readAttribute(end: number, json: JsonWriter): KeyInfo {
    const value = this.scratch;
    this.last = value;
    const range = readKeyValue(this, end, value);
    const key = this.keys.predict(this.attributeCount, this.reader.view, range);
    this.attributeCount += 1;
    if (key.isSensitive) maskText(this, range.from, range.to);
    if (key.isGenAi) this.isGenAi = true;
    if (key.isPendingMark) this.isPending = isText(this.reader.bytes, value, PENDING);
    if (this.attributeCount > ATTRIBUTES_PER_RECORD_MAX || key.policy === "drop") {
      this.dropAttribute(key, value);
    } else if (key.field >= 0) this.offer(key, value, json);
    else if (key.policy === "content" && !this.keepsContent) blankValue(this, value);
    else this.writeMember(json, key, value);
    return key;
  }

  private dropAttribute(key: KeyInfo, value: AnyValue): void {
    blankValue(this, value);
    if (key.policy === "drop") return;
    this.droppedCount += 1;
    this.flags |= FLAG.attributesDropped;
  }

  /** A member of a JSON object, which is opened by its first member. Of equal keys the last one stays. */
  writeMember(json: JsonWriter, key: KeyInfo, value: AnyValue): void {
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
    writeJsonValue(this, json, value);
    member.to = json.position;
  }

  private offer(key: KeyInfo, value: AnyValue, json: JsonWriter): void {
    const { field } = key;
    const target = this.targets[field] as FieldTarget;
    if (target.keep) this.writeMember(json, key, value);
    if (this.epochs[field] !== this.epoch) {
      this.epochs[field] = this.epoch;
      this.touched[this.touchedCount] = field;
      this.touchedCount += 1;
      this.hold(key, value);
      return;
    }
    const held = this.ranks[field] as number;
    if (key.rank === held) {
      this.flags |= FLAG.duplicateKeys;
      if (!target.keep) overwriteValue(this, this.valueOf(field));
    }
    if (key.rank <= held) {
      if (key.rank < held) this.keepLoser(this.infos[field] as KeyInfo, this.valueOf(field), json);
      this.hold(key, value);
    } else this.keepLoser(key, value, json);
  }

  /** A second name for a field: it fills no column, so it stays among the attributes. */
  private keepLoser(key: KeyInfo, value: AnyValue, json: JsonWriter): void {
    const target = this.targets[key.field] as FieldTarget;
    if (target.keep) return;
    if (target.kind === "content" && !this.keepsContent) blankValue(this, value);
    else this.writeMember(json, key, value);
  }

  private hold(key: KeyInfo, value: AnyValue): void {
    const { field } = key;
    // The value changes hands; the one held before becomes the next scratch value.
    this.scratch = this.valueOf(field);
    this.values[field] = value;
    this.ranks[field] = key.rank;
    this.infos[field] = key;
  }

  /** Overwrites the values that wait for their columns, in a record that makes no row. */
  blankHeld(): void {
    for (let i = 0; i < this.touchedCount; i += 1) {
      blankValue(this, this.valueOf(this.touched[i] as number));
    }
  }

  /** A value of an unexpected shape stays among the attributes instead of filling its column. */
  keepUnfit(field: number, json: JsonWriter): void {
    const target = this.targets[field] as FieldTarget;
    if (!target.keep) this.writeMember(json, this.infos[field] as KeyInfo, this.valueOf(field));
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
    const isContent =
      key.policy === "content" || (key.field >= 0 && this.targets[key.field]?.kind === "content");
    if (key.policy === "drop" || (isContent && !this.keepsContent)) blankValue(this, value);
    else this.writeMember(json, key, value);
    return key;
  }

  /** The value read last by `readAttribute` or `readMember`. */
  get lastValue(): AnyValue {
    return this.last;
  }
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
