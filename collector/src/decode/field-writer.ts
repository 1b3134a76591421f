import type { AttributeClaim } from "@lensai/otel-config/dialects/compile-dialects";
import type { JsonMember, RawUsageField } from "@lensai/otel-config/dialects/dialect";
import { isModelCall } from "@lensai/otel-config/dialects/call-role";
import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { readQuotedUsage } from "@lensai/otel-config/usage/provider-usage/quoted-usage";
import { VALUE_STRING } from "./any-value.ts";
import type { AnyValue } from "./any-value.ts";
import { isNested } from "./attribute-decoder.ts";
import type { AttributeDecoder, FieldTarget } from "./attribute-decoder.ts";
import { blankValue } from "./blank-value.ts";
import { toBoolean, toNumber } from "./coerce.ts";
import { excerptOf, readJsonMembers } from "./json-members.ts";
import type { FoundMember } from "./json-members.ts";
import { replaceText } from "./message-masking.ts";
import type { RecordFields } from "./record-fields.ts";
import { FLAG } from "./record-flags.ts";
import { cutAtCharacter } from "./row-sink.ts";
import type { RowSink } from "./row-sink.ts";
import { ScratchJson } from "./scratch-json.ts";
import type { TextRange } from "./text-interner.ts";
import { writeJsonValue } from "./value-json.ts";

const DURATION_COLUMN = columnIndex("duration_ns");
const PROVIDER_COLUMN = columnIndex("provider");
const STREAMING_COLUMN = columnIndex("streaming");

/** Longer message content is cut (and flagged): beyond it, it is a document, not a prompt. */
const CONTENT_BYTES_MAX = 4 * 1024 * 1024;
const NANOS_PER_SECOND = 1e9;
const NANOS_PER_MS = 1e6;
const NANOS_PER_MICRO = 1000;
const MICROS_PER_MS = 1000;
/** Longer than any call: larger values are mistakes. */
const DURATION_NANOS_MAX = 30 * 86_400 * NANOS_PER_SECOND;
/** Longer text is no point in time, role or error mark. */
const WORD_BYTES_MAX = 64;
const HTTP_ERROR_MIN = 400;
const QUOTE = 0x22;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Moves the fields that a record's attributes filled into the columns of the open row, and into its facts. */
export class FieldWriter {
  private readonly attributes: AttributeDecoder;
  private readonly sink: RowSink;
  private readonly record: RecordFields;
  private readonly scratch = new ScratchJson();
  private readonly range: TextRange = { view: new DataView(new ArrayBuffer(0)), from: 0, to: 0 };
  private readonly usageOfMember = new Map<string, RawUsageField>();

  constructor(attributes: AttributeDecoder, sink: RowSink, record: RecordFields) {
    this.attributes = attributes;
    this.sink = sink;
    this.record = record;
    for (const { usage } of attributes.targets) {
      if (usage !== undefined) this.usageOfMember.set(usage, usage);
    }
  }

  /** Writes every field the record's attributes filled: first what they say directly, then what is inside JSON. */
  write(): void {
    const { attributes } = this;
    let withMembers = 0;
    for (let i = 0; i < attributes.touchedCount; i += 1) {
      const field = attributes.touched[i] as number;
      const claim = attributes.keyOf(field).claim as AttributeClaim;
      if (claim.members.length > 0) withMembers += 1;
      else if (!this.isMeant(claim) || !this.writeField(field, claim)) {
        attributes.keepUnfit(field, this.sink.attributes);
      }
    }
    for (let i = 0; withMembers > 0; i += 1) {
      const field = attributes.touched[i] as number;
      const claim = attributes.keyOf(field).claim as AttributeClaim;
      if (claim.members.length === 0) continue;
      withMembers -= 1;
      if (this.isMeant(claim)) this.readMembers(field, claim);
      else attributes.keepUnfit(field, this.sink.attributes);
    }
  }

  /** Common words mean something only in records of their dialect. */
  private isMeant({ dialects }: AttributeClaim): boolean {
    return (dialects & this.record.signs) !== 0 || dialects === -1;
  }

  /** False when the value's shape does not fit the field. */
  // oxlint-disable-next-line complexity -- one case per kind of value
  private writeField(field: number, claim: AttributeClaim): boolean {
    const value = this.attributes.valueOf(field);
    const target = this.attributes.targets[field] as FieldTarget;
    const { column } = target;
    switch (claim.kind) {
      case "text":
        return this.writeText(column, value);
      case "text_list":
        return this.writeTextList(column, value);
      case "boolean":
        return this.writeBoolean(column, value);
      case "seconds":
      case "milliseconds":
      case "moment":
        return this.writeDuration(column, this.nanosOf(claim.kind, value));
      case "integer":
        return this.writeInteger(column, this.numberOf(value));
      case "provider_model":
        return this.writeProviderModel(column, value);
      case "content":
        this.writeContent(column, value);
        return true;
      case "json":
        return true;
      case "tokens":
        return this.readTokens(target, this.numberOf(value));
      case "presence":
        this.setBoolean(column, true);
        return true;
      case "http_status":
        if (this.numberOf(value) >= HTTP_ERROR_MIN) this.record.isRefused = true;
        return true;
      case "from_cache":
        this.record.isFromCache = this.wordOf(value) === "true";
        return true;
      case "dollars":
        return this.readDollars(this.numberOf(value));
      case "role":
      case "error":
        this.readWord(claim, this.wordOf(value));
        return true;
    }
  }

  private numberOf(value: AnyValue): number {
    return toNumber(value, this.attributes.reader.bytes);
  }

  /** A short text as it is; "" for anything else. */
  private wordOf(value: AnyValue): string {
    if (value.kind !== VALUE_STRING) {
      const flag = toBoolean(value, this.attributes.reader.bytes);
      return flag === undefined ? "" : String(flag);
    }
    if (value.to - value.from > WORD_BYTES_MAX) return "";
    const { from, to } = this.unquoted(this.rangeOf(value));
    return decoder.decode(this.attributes.reader.bytes.subarray(from, to));
  }

  private writeText(column: number, value: AnyValue): boolean {
    if (isNested(value)) return false;
    const text =
      value.kind === VALUE_STRING ? this.unquoted(this.rangeOf(value)) : this.scalarText(value);
    if (text === undefined || text.from === text.to) return text !== undefined;
    this.setText(column, text);
    return true;
  }

  private setText(column: number, text: TextRange): void {
    this.sink.setText(column, text);
    this.record.noteText(column, text);
  }

  private rangeOf(value: AnyValue): TextRange {
    const { view } = this.attributes.reader;
    if (this.range.view !== view) this.range.view = view;
    this.range.from = value.from;
    this.range.to = value.to;
    return this.range;
  }

  /** Senders that write every value as JSON put a text into quotes once more. */
  private unquoted(text: TextRange): TextRange {
    const { bytes } = this.attributes.reader;
    const last = text.to - 1;
    if (bytes[text.from] === QUOTE && bytes.indexOf(QUOTE, text.from + 1) === last) {
      text.from += 1;
      text.to = last;
    }
    return text;
  }

  private scalarText(value: AnyValue): TextRange | undefined {
    const number = this.numberOf(value);
    return Number.isFinite(number) ? rangeOfText(String(number)) : undefined;
  }

  /** A list of strings as JSON; some senders put the JSON, or a single value, into a string. */
  private writeTextList(column: number, value: AnyValue): boolean {
    const { reader } = this.attributes;
    if (value.kind === VALUE_STRING && reader.bytes[value.from] === OPEN_ARRAY) {
      this.setText(column, this.rangeOf(value));
      return true;
    }
    this.scratch.clear();
    const { writer } = this.scratch;
    writer.begin();
    if (isNested(value)) writeJsonValue(this.attributes, writer, value);
    else {
      writer.byte(OPEN_ARRAY);
      writeJsonValue(this.attributes, writer, value);
      writer.byte(CLOSE_ARRAY);
    }
    const text = this.scratch.finish();
    if (text !== undefined) this.setText(column, text);
    return true;
  }

  private writeBoolean(column: number, value: AnyValue): boolean {
    const flag = toBoolean(value, this.attributes.reader.bytes);
    if (flag === undefined) return false;
    this.setBoolean(column, flag);
    return true;
  }

  private setBoolean(column: number, flag: boolean): void {
    this.sink.setBool(column, flag);
    this.record.noteFilled(column);
    if (column === STREAMING_COLUMN) this.record.isStreaming = flag;
  }

  private writeInteger(column: number, value: number): boolean {
    if (!Number.isSafeInteger(value) || value < 0) return false;
    this.sink.setInt64(column, value);
    this.record.noteFilled(column);
    return true;
  }

  private writeDuration(column: number, nanos: number): boolean {
    if (!(nanos >= 0 && nanos <= DURATION_NANOS_MAX)) return false;
    // A span says its own length; what it repeats in an attribute may count retries in.
    if (column === DURATION_COLUMN && this.record.signal === "span") return true;
    this.sink.setInt64(column, Math.round(nanos));
    this.record.noteFilled(column);
    return true;
  }

  /** A point in time becomes the time since the record's start. */
  private nanosOf(kind: "seconds" | "milliseconds" | "moment", value: AnyValue): number {
    if (kind === "seconds") return this.numberOf(value) * NANOS_PER_SECOND;
    if (kind === "milliseconds") return this.numberOf(value) * NANOS_PER_MS;
    const unixMs = Date.parse(this.wordOf(value));
    return (unixMs * MICROS_PER_MS - this.record.startMicros) * NANOS_PER_MICRO;
  }

  private readTokens({ usage }: FieldTarget, count: number): boolean {
    if (!Number.isSafeInteger(count) || count < 0 || usage === undefined) {
      this.attributes.flags |= FLAG.usageInvalid;
      this.record.hasRefusedCount = true;
      return false;
    }
    this.record.usage[usage] = count;
    return true;
  }

  private readDollars(dollars: number): boolean {
    const nano = Math.round(dollars * NANOS_PER_SECOND);
    if (!Number.isSafeInteger(nano) || nano < 0) return false;
    this.record.clientCostNano = nano;
    return true;
  }

  private readWord({ roles, isFallback, errors }: AttributeClaim, word: string): void {
    if (errors.includes(word)) this.record.isError = true;
    if (roles === undefined) return;
    const role = roles.get(word) ?? roles.get("*");
    if (isFallback) this.record.fallbackRole = role;
    else this.record.role = role;
  }

  private writeProviderModel(column: number, value: AnyValue): boolean {
    const name = this.wordOf(value);
    const slash = name.indexOf("/");
    if (name === "") return false;
    if (slash > 0 && !this.record.isFilled(PROVIDER_COLUMN)) {
      this.setText(PROVIDER_COLUMN, rangeOfText(name.slice(0, slash)));
    }
    this.setText(column, rangeOfText(name.slice(slash + 1)));
    return true;
  }

  private writeContent(column: number, value: AnyValue): void {
    const { attributes, sink } = this;
    if (!attributes.keepsContent) {
      blankValue(attributes, value);
      return;
    }
    if (value.kind === VALUE_STRING) {
      const text = this.rangeOf(value);
      if (text.to - text.from > CONTENT_BYTES_MAX) {
        attributes.flags |= FLAG.truncated;
        text.to = cutAtCharacter(text, CONTENT_BYTES_MAX);
      }
      sink.setText(column, text);
      return;
    }
    const json = sink.jsonOf(column);
    json.begin();
    writeJsonValue(attributes, json, value);
    json.end(sink.row);
  }

  /** Reads what the dialect looks for inside a JSON value. */
  private readMembers(field: number, claim: AttributeClaim): void {
    const { attributes } = this;
    const value = attributes.valueOf(field);
    const found = readJsonMembers(this.jsonBytes(value), this.membersOf(claim));
    if (found === undefined) {
      if (claim.kind === "json") attributes.flags |= FLAG.jsonUnread;
    } else for (const each of found) this.takeMember(each.member, each.value);
    if (claim.kind === "content" || attributes.isHidden(attributes.keyOf(field), value)) {
      this.keepExcerpt(field, found ?? []);
    }
  }

  /**
   * Of content only the excerpt stays among the attributes; where content is not kept it also takes the content's place
   * in the message, so that a replay from the log reads the same.
   */
  private keepExcerpt(field: number, found: readonly FoundMember[]): void {
    const { attributes, sink } = this;
    const value = attributes.valueOf(field);
    const excerpt = found.length === 0 ? undefined : excerptOf(found);
    if (excerpt !== undefined) {
      attributes.writeRawMember(sink.attributes, attributes.keyOf(field), excerpt);
    }
    const { column } = attributes.targets[field] as FieldTarget;
    if (attributes.keepsContent || !replaceText(attributes, value, excerpt ?? "")) {
      this.writeContent(column, value);
    }
  }

  /** An application may quote an answer in any of its steps: only the record of the call says what it used. */
  private membersOf({ kind, members }: AttributeClaim): readonly JsonMember[] {
    const { role = this.record.fallbackRole } = this.record;
    if (kind !== "content" || role === undefined || isModelCall(role)) return members;
    return members.filter((member) => member.kind !== "usage");
  }

  private jsonBytes(value: AnyValue): Uint8Array {
    const { reader } = this.attributes;
    if (value.kind === VALUE_STRING) return reader.bytes.subarray(value.from, value.to);
    this.scratch.clear();
    this.scratch.writer.begin();
    writeJsonValue(this.attributes, this.scratch.writer, value);
    const text = this.scratch.finish();
    if (text === undefined) return new Uint8Array(0);
    return new Uint8Array(text.view.buffer, text.view.byteOffset + text.from, text.to - text.from);
  }

  /** What an attribute said directly stands. */
  private takeMember(member: JsonMember, value: FoundMember["value"]): void {
    const { kind, field } = member;
    const { record } = this;
    if (typeof value === "object") readQuotedUsage(value, record.usage);
    else if (kind === "role") record.fallbackRole ??= member.values?.[String(value)];
    else if (kind === "tokens") {
      const usage = this.usageOfMember.get(field);
      if (usage === undefined || record.usage[usage] !== undefined) return;
      const count = typeof value === "boolean" ? Number.NaN : Number(value);
      this.readTokens({ column: -1, usage }, count);
    } else if (kind === "dollars") {
      if (record.clientCostNano === undefined) this.readDollars(Number(value));
    } else if (!record.isFilled(columnIndex(field))) {
      this.fillColumn(columnIndex(field), kind, value);
    }
  }

  private fillColumn(
    column: number,
    kind: JsonMember["kind"],
    value: string | number | boolean,
  ): void {
    if (kind === "boolean") this.setBoolean(column, value === true || value === "true");
    else if (kind === "text_list") {
      this.setText(column, rangeOfText(JSON.stringify([value])));
    } else if (String(value) !== "") this.setText(column, rangeOfText(String(value)));
  }
}

function rangeOfText(text: string): TextRange {
  const bytes = encoder.encode(text);
  return { view: new DataView(bytes.buffer), from: 0, to: bytes.length };
}
