import { attributePolicy } from "@lensai/otel-config/redaction/attribute-policy";
import { compileDialects } from "@lensai/otel-config/dialects/compile-dialects";
import type {
  AttributeClaim,
  CompiledDialects,
} from "@lensai/otel-config/dialects/compile-dialects";
import { DIALECTS } from "@lensai/otel-config/dialects/dialects";
import { unreadCountOf } from "@lensai/otel-config/dialects/unread-count";
import type { UnreadCount } from "@lensai/otel-config/dialects/unread-count";
import { PENDING_SPAN } from "@lensai/otel-config/dialects/pending-span";
import { redactText } from "@lensai/otel-config/redaction/redactor";
import type { Redactor } from "@lensai/otel-config/redaction/redactor";
import { TextInterner, hasBytesAt } from "./text-interner.ts";

/** What the decoder must know about an attribute key; found once per distinct key, then looked up by id. */
export interface KeyInfo {
  readonly name: string;
  /** What the attribute means; undefined when nothing is filled from it. */
  readonly claim: AttributeClaim | undefined;
  /** What the attribute seems to count, where no table claims it or only the tables of other dialects do. */
  readonly unreadCount: UnreadCount | undefined;
  /** Bits of the dialects that the attribute is a sign of. */
  readonly signs: number;
  readonly policy: "keep" | "drop" | "content";
  /** Ready JSON: `"key":`, filled up to whole words. */
  readonly json: DataView;
  readonly jsonLength: number;
  /** Does the attribute say whether the span is a copy of one that has not ended? */
  readonly isPendingMark: boolean;
  /** The key itself holds something to mask (user data used as a key): it is masked wherever it occurs. */
  readonly isSensitive: boolean;
  /** Where the key was last written as a JSON member: of which object, from where, to where. */
  readonly member: { objectId: number; from: number; to: number };
  /** The key's bytes, to compare with. */
  readonly view: DataView;
  readonly length: number;
}

/** Attributes of one instrumentation come in the same order in every record: what came nth last time. */
const PREDICTED_MAX = 64;

/** So many blanks make any text as long as the words that it begins in. */
const FILLING = "   ";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Attribute keys of records, compiled from the dialect tables; unknown keys join as they are met. */
export class KeyTable {
  readonly compiled: CompiledDialects = compileDialects(DIALECTS);
  private readonly keys = new TextInterner();
  private generation = 0;
  private infos: KeyInfo[] = [];
  private readonly redactor: Redactor;
  private readonly predicted: KeyInfo[] = [];

  /** `redactor` must not be one that is in the middle of a message. */
  constructor(redactor: Redactor) {
    this.redactor = redactor;
  }

  /** Information about the key bytes [from,to) of the nth attribute of a record. */
  predict(ordinal: number, source: DataView, range: { from: number; to: number }): KeyInfo {
    const guess = this.predicted[ordinal];
    if (guess !== undefined && isSame(guess, source, range)) return guess;
    const info = this.lookup(source, range.from, range.to);
    if (ordinal < PREDICTED_MAX) this.predicted[ordinal] = info;
    return info;
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
    const bytes = this.keys.bytesOf(id).slice();
    const masked = redactText(decoder.decode(bytes), this.redactor);
    const name = masked.text;
    const json = encoder.encode(`${JSON.stringify(name)}:${FILLING}`);
    const info: KeyInfo = {
      name,
      claim: this.compiled.claims.get(name),
      unreadCount: unreadCountOf(name),
      signs: this.compiled.attributeSigns(name),
      policy: attributePolicy(name),
      json: new DataView(json.buffer, json.byteOffset, json.byteLength),
      jsonLength: json.byteLength - FILLING.length,
      isPendingMark: name === PENDING_SPAN.attribute,
      isSensitive: masked.count > 0,
      member: { objectId: 0, from: 0, to: 0 },
      view: new DataView(bytes.buffer),
      length: bytes.length,
    };
    this.infos[id] = info;
    return info;
  }
}

function isSame(
  { view: known, length }: KeyInfo,
  source: DataView,
  { from, to }: { from: number; to: number },
): boolean {
  return to - from === length && hasBytesAt(source, from, { view: known, at: 0, length });
}
