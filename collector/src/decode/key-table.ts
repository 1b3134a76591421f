import { attributePolicy } from "@lensai/otel-config/redaction/attribute-policy";
import { OTEL_GEN_AI_FIELDS, OTEL_GEN_AI_PREFIX } from "@lensai/otel-config/dialects/otel-gen-ai";
import type { FieldRule } from "@lensai/otel-config/dialects/dialect";
import { TextInterner } from "./text-interner.ts";

/** What the decoder must know about an attribute key; found once per distinct key, then looked up by id. */
export interface KeyInfo {
  readonly name: string;
  /** Index into the field rules; -1 when no column is filled from this attribute. */
  readonly field: number;
  /** Position in the field's list of names: lower wins. */
  readonly rank: number;
  readonly policy: "keep" | "drop" | "content";
  /** Ready JSON: `"key":`. */
  readonly json: Uint8Array;
  readonly isGenAi: boolean;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Attribute keys of records, compiled from the dialect table; unknown keys join as they are met. */
export class KeyTable {
  readonly fields: readonly FieldRule[] = OTEL_GEN_AI_FIELDS;
  private readonly keys = new TextInterner();
  private generation = 0;
  private infos: KeyInfo[] = [];
  private readonly fieldByName = new Map<string, { field: number; rank: number }>();

  constructor() {
    for (const [field, rule] of this.fields.entries()) {
      for (const [rank, name] of rule.names.entries()) this.fieldByName.set(name, { field, rank });
    }
  }

  /** Information about the key bytes [from,to). */
  lookup(source: DataView, from: number, to: number): KeyInfo {
    const id = this.keys.intern(source, from, to);
    if (this.generation !== this.keys.generation) {
      this.generation = this.keys.generation;
      this.infos = [];
    }
    return this.infos[id] ?? this.learn(id);
  }

  private learn(id: number): KeyInfo {
    const name = decoder.decode(this.keys.bytesOf(id));
    const mapped = this.fieldByName.get(name);
    const info: KeyInfo = {
      name,
      field: mapped?.field ?? -1,
      rank: mapped?.rank ?? 0,
      policy: attributePolicy(name),
      json: encoder.encode(`${JSON.stringify(name)}:`),
      isGenAi: name.startsWith(OTEL_GEN_AI_PREFIX),
    };
    this.infos[id] = info;
    return info;
  }
}
