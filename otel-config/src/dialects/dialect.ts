import type { CallRole } from "./call-role.ts";

/** The shape of a dialect table. Dialects are data, never code: a new one is a new table and its fixtures. */

/** How an attribute's value is read. Types on the wire are coerced: clients disagree about them. */
export type FieldKind =
  /** Text of a column. */
  | "text"
  /** JSON text of a column: a list of strings, or a JSON string that already holds one. */
  | "text_list"
  | "boolean"
  /** A boolean of a column: true when the attribute is there, whatever it says. */
  | "presence"
  /** A whole number of a column. */
  | "integer"
  /** A duration in seconds, stored in nanoseconds. */
  | "seconds"
  /** A duration in milliseconds, stored in nanoseconds. */
  | "milliseconds"
  /** An ISO 8601 time, stored as nanoseconds since the record's start. */
  | "moment"
  /** A token count: raw input of the usage normal form. */
  | "tokens"
  /** US dollars, stored in nano-USD. A producer without a price list sends 0: it is no claim. */
  | "dollars"
  /** Message content: JSON text of a content column. */
  | "content"
  /** What the record is: `values` says it. Fills `call_role`. */
  | "role"
  /** Says that the call failed when its text is one of `errors`, whatever the span's status says. */
  | "error"
  /** The status of an HTTP answer: from 400 on the provider refused the call. */
  | "http_status"
  /** A boolean: a cache of the application or of a gateway has answered, and no provider. */
  | "from_cache"
  /** "provider/model": fills both columns. */
  | "provider_model"
  /** A JSON text (or nested value) of which only `members` are read. */
  | "json";

/** Raw usage fields, as the producer sent them, before `normaliseUsage`. */
export const RAW_USAGE_FIELDS = [
  "input",
  "inputUncached",
  "toolUsePrompt",
  "output",
  "outputEstimate",
  "outputText",
  "total",
  "cacheRead",
  "cacheWrite",
  "cacheWrite5m",
  "cacheWrite1h",
  "reasoning",
  "audioInput",
  "audioOutput",
  "imageInput",
  "imageOutput",
  "webSearches",
  "observedInput",
  "observedOutput",
] as const;

export type RawUsageField = (typeof RAW_USAGE_FIELDS)[number];

export interface FieldRule {
  /** A column of the span row, or a raw usage field for kind "tokens". "" for kind "json". */
  readonly field: string;
  readonly kind: FieldKind;
  /** Attribute names in order of precedence: the first one present wins. */
  readonly names: readonly string[];
  /** Is the attribute also kept in the `attributes` column? Raw usage is, so that a cost can show its sources. */
  readonly keep: boolean;
  /** Such names (`model`, `input_tokens`) mean this in records of the dialect only. */
  readonly isOwn?: true;
  /** What is read out of a JSON value; an attribute that says the same directly wins. */
  readonly members?: readonly JsonMember[];
  /** For kind "role". A value that is not listed says what "*" says, or nothing. */
  readonly values?: Readonly<Record<string, CallRole>>;
  /** For kind "role": asked only when `gen_ai.operation.name` says nothing. */
  readonly isFallback?: true;
  /** For kind "error". */
  readonly errors?: readonly string[];
}

/** A value inside JSON; `path` leads there by keys. */
export interface JsonMember {
  readonly field: string;
  /**
   * "usage": the usage object of a provider's answer, as it came. In content it counts on model calls only.
   * "role": asked only when neither an attribute nor `gen_ai.operation.name` says what the record is.
   */
  readonly kind: "tokens" | "dollars" | "text" | "text_list" | "boolean" | "usage" | "role";
  readonly path: readonly string[];
  /** For kind "role". */
  readonly values?: Readonly<Record<string, CallRole>>;
}

/** How records of a dialect are told from others. One sign is enough. */
export interface DialectSigns {
  /** Attribute names; "*" stands for any text, here and below. */
  readonly attributes?: readonly string[];
  /** Instrumentation scopes. */
  readonly scopes?: readonly string[];
  /** Values of the resource's service.name. */
  readonly services?: readonly string[];
  /** Names of spans, events and metrics. */
  readonly names?: readonly string[];
}

/** What a span, event or log record is by its name, in records of the dialect. */
export interface NamedRecord {
  /** "*" at its start stands for any text. */
  readonly name: string;
  readonly role: CallRole;
  readonly isError?: true;
  /** Its attributes say something else, and are wrong. */
  readonly overrules?: true;
}

export interface Dialect {
  /** Stored in the column `dialect`. */
  readonly name: string;
  /** The provider where a record names none. */
  readonly provider?: string;
  readonly signs: DialectSigns;
  readonly fields: readonly FieldRule[];
  readonly records?: readonly NamedRecord[];
  /**
   * Scopes with records of a request alone. Of a streamed call a second record has what came of it: one scope ends its
   * span when the answer begins, another tells of the stream's end and then of the usage. Of a refused call it may not
   * say that it failed. A record that names neither an answer nor usage is such an opening, unless its name says what
   * it is.
   */
  readonly openings?: readonly string[];
}

/** A resource attribute that fills a column. */
export interface ResourceRule {
  readonly field: string;
  readonly names: readonly string[];
}

/** Rules in short: the tables read like the mapping they are. */
export const text = (field: string, ...names: string[]): FieldRule => ({
  field,
  kind: "text",
  names,
  keep: false,
});
export const kept = (rule: FieldRule): FieldRule => ({ ...rule, keep: true });
export const own = (rule: FieldRule): FieldRule => ({ ...rule, keep: true, isOwn: true });
export const ofKind = (kind: FieldKind, field: string, ...names: string[]): FieldRule => ({
  field,
  kind,
  names,
  keep: false,
});
export const tokens = (field: RawUsageField, ...names: string[]): FieldRule => ({
  field,
  kind: "tokens",
  names,
  keep: true,
});
export const role = (name: string, values: Readonly<Record<string, CallRole>>): FieldRule => ({
  field: "call_role",
  kind: "role",
  names: [name],
  keep: true,
  values,
});
export const json = (name: string, ...members: JsonMember[]): FieldRule => ({
  field: "",
  kind: "json",
  names: [name],
  keep: true,
  members,
});
export const count = (field: RawUsageField, ...path: string[]): JsonMember => ({
  field,
  kind: "tokens",
  path,
});
export const providerUsage = (...path: string[]): JsonMember => ({
  field: "",
  kind: "usage",
  path,
});
