import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { RESOURCE_FIELDS } from "@lensai/otel-config/dialects/otel-gen-ai";
import { VALUE_STRING } from "./any-value.ts";
import { skipMasked } from "./message-masking.ts";
import { openObject } from "./attribute-decoder.ts";
import type { AttributeDecoder } from "./attribute-decoder.ts";
import { CodeList } from "./code-list.ts";
import { malformed, wrongWireType } from "./otlp-reader.ts";
import type { RowSink } from "./row-sink.ts";
import type { RecordOrigin } from "./record-outcomes.ts";
import { ScopeTable } from "./scope-facts.ts";
import type { ScopeFacts } from "./scope-facts.ts";
import { ScratchJson } from "./scratch-json.ts";

const CLOSE_OBJECT = 0x7d;
const SCOPE_ATTRIBUTES_KEY = new TextEncoder().encode('"otel.scope.attributes":');
const SERVICE_NAME_COLUMN = columnIndex("service_name");
const RESOURCE_COLUMN = columnIndex("resource");
const SCOPE_NAME_COLUMN = columnIndex("scope_name");
const SCOPE_VERSION_COLUMN = columnIndex("scope_version");

interface ResourceTarget {
  readonly column: number;
  readonly rank: number;
}

const decoder = new TextDecoder();

/**
 * Resource and scope hold for many records: they are read once, turned into dictionary codes, and each
 * row then takes the codes.
 */
export class ResourceDecoder {
  private readonly attributes: AttributeDecoder;
  private readonly sink: RowSink;
  private readonly json = new ScratchJson();
  private readonly scopeJson = new ScratchJson();
  private readonly targets = new Map<string, ResourceTarget>();
  private readonly ranks = new Map<number, number>();
  /** Code per column; 0 = NULL. */
  private readonly codes = new CodeList();
  /** The resource as JSON text; empty when it has no attributes. */
  text = "";
  private resourceCode = 0;
  /** Bits of the dialects that the resource is a sign of. */
  signs = 0;
  scope: ScopeFacts;
  private service: string | undefined;
  private scopeName: string | undefined;
  private scopeVersion: string | undefined;
  private readonly scopes: ScopeTable;

  constructor(attributes: AttributeDecoder, sink: RowSink) {
    this.attributes = attributes;
    this.sink = sink;
    this.scopes = new ScopeTable(attributes.keys.compiled);
    this.scope = this.scopes.none;
    for (const rule of RESOURCE_FIELDS) {
      const column = columnIndex(rule.field);
      for (const [rank, name] of rule.names.entries()) this.targets.set(name, { column, rank });
    }
  }

  /** Forgets the resource before; a ResourceSpans without a resource has none. */
  clearResource(): void {
    this.codes.clear();
    this.ranks.clear();
    this.json.clear();
    this.text = "";
    this.resourceCode = 0;
    this.signs = 0;
    this.service = undefined;
  }

  /** Reads a Resource that ends at `end`. */
  readResource(end: number): void {
    const { reader } = this.attributes;
    const { writer } = this.json;
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x0a) this.readResourceAttribute(reader.lengthEnd(end));
      else if (tag === 0x10) reader.varint();
      else {
        if (tag < 0x18) throw wrongWireType(reader.at, "Resource", tag);
        skipMasked(this.attributes, tag, end);
      }
    }
    if (reader.at !== end) throw malformed(reader.at, "a resource runs past its end");
    if (writer.isBegun) writer.byte(CLOSE_OBJECT);
    const text = this.json.finish();
    if (text === undefined) return;
    this.resourceCode = this.sink.codeOf(RESOURCE_COLUMN, text);
    this.codes.set(RESOURCE_COLUMN, this.resourceCode);
    this.text = decoder.decode(
      new Uint8Array(text.view.buffer, text.view.byteOffset + text.from, text.to - text.from),
    );
  }

  private readResourceAttribute(end: number): void {
    const { attributes } = this;
    const key = attributes.readMember(end, this.json.writer);
    const target = this.targets.get(key.name);
    const value = attributes.lastValue;
    if (target === undefined || value.kind !== VALUE_STRING || value.from === value.to) return;
    if ((this.ranks.get(target.column) ?? Number.POSITIVE_INFINITY) < target.rank) return;
    this.ranks.set(target.column, target.rank);
    const text = { view: attributes.reader.view, from: value.from, to: value.to };
    this.codes.set(target.column, this.sink.codeOf(target.column, text));
    if (target.column !== SERVICE_NAME_COLUMN) return;
    const service = decoder.decode(attributes.reader.bytes.subarray(value.from, value.to));
    this.signs = attributes.keys.compiled.serviceSigns(service);
    this.service = service;
  }

  /** Forgets the scope before. */
  clearScope(): void {
    this.codes.delete(SCOPE_NAME_COLUMN);
    this.codes.delete(SCOPE_VERSION_COLUMN);
    if (this.resourceCode === 0) this.codes.delete(RESOURCE_COLUMN);
    else this.codes.set(RESOURCE_COLUMN, this.resourceCode);
    this.scopeJson.clear();
    this.scope = this.scopes.none;
    this.scopeName = undefined;
    this.scopeVersion = undefined;
  }

  /** Who sent the records being read. */
  origin(): RecordOrigin {
    const { service, scope, scopeVersion } = this;
    return { service, scope: scope.scope, scopeVersion };
  }

  /** Reads an InstrumentationScope that ends at `end`. */
  readScope(end: number): void {
    const { reader } = this.attributes;
    while (reader.at < end) {
      const tag = reader.varint();
      switch (tag) {
        case 0x0a:
          this.readScopeText(SCOPE_NAME_COLUMN, reader.lengthEnd(end));
          break;
        case 0x12:
          this.readScopeText(SCOPE_VERSION_COLUMN, reader.lengthEnd(end));
          break;
        case 0x1a:
          this.attributes.readMember(reader.lengthEnd(end), this.scopeJson.writer);
          break;
        case 0x20:
          reader.varint();
          break;
        default:
          if (tag < 0x28) throw wrongWireType(reader.at, "InstrumentationScope", tag);
          skipMasked(this.attributes, tag, end);
      }
    }
    if (reader.at !== end) throw malformed(reader.at, "a scope runs past its end");
    if (this.scopeName !== undefined) {
      this.scope = this.scopes.factsOf(this.scopeName, this.scopeVersion);
    }
    this.joinScopeAttributes();
  }

  private readScopeText(column: number, end: number): void {
    const { reader, redactor } = this.attributes;
    const from = reader.at;
    if (redactor.maskField(from, end) > 0) this.attributes.isAltered = true;
    reader.at = end;
    const text = decoder.decode(reader.bytes.subarray(from, end));
    if (column === SCOPE_NAME_COLUMN) this.scopeName = text;
    else this.scopeVersion = text;
    if (from === end) this.codes.delete(column);
    else this.codes.set(column, this.sink.codeOf(column, { view: reader.view, from, to: end }));
  }

  /** Scope attributes have no column: they join the resource under a key of their own. */
  private joinScopeAttributes(): void {
    if (!this.scopeJson.writer.isBegun) return;
    this.scopeJson.writer.byte(CLOSE_OBJECT);
    const scope = this.scopeJson.finish();
    if (scope === undefined) return;
    const { writer } = this.json;
    this.json.clear();
    if (this.text === "") openObject(writer);
    else {
      writer.begin();
      writer.raw(new TextEncoder().encode(this.text), 0, Buffer.byteLength(this.text) - 1);
    }
    writer.key(SCOPE_ATTRIBUTES_KEY);
    writer.raw(new Uint8Array(scope.view.buffer), scope.from, scope.to);
    writer.byte(CLOSE_OBJECT);
    const text = this.json.finish();
    if (text !== undefined)
      this.codes.set(RESOURCE_COLUMN, this.sink.codeOf(RESOURCE_COLUMN, text));
  }

  /** Writes the columns into the open row. */
  writeCodes(): void {
    this.sink.setCodes(this.codes);
  }
}
