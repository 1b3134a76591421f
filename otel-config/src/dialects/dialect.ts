/** What a canonical field is filled from: the shape of a dialect table. Dialects are data, never code. */

/** How the attribute's value is read. Types on the wire are coerced: clients disagree about them. */
export type FieldKind =
  /** Text of a column. */
  | "text"
  /** JSON text of a column: a list of strings, or a JSON string that already holds one. */
  | "text_list"
  | "boolean"
  /** A duration in seconds, stored in nanoseconds. */
  | "seconds"
  /** A token count: raw input of the usage normal form. */
  | "tokens"
  /** Message content: JSON text of a content column. */
  | "content";

/** Raw usage fields, as the producer sent them, before `normaliseUsage`. */
export const RAW_USAGE_FIELDS = [
  "input",
  "output",
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
] as const;

export type RawUsageField = (typeof RAW_USAGE_FIELDS)[number];

export interface FieldRule {
  /** A column of the span row, or a raw usage field for kind "tokens". */
  readonly field: string;
  readonly kind: FieldKind;
  /** Attribute names in order of precedence: the first one present wins. */
  readonly names: readonly string[];
  /** Is the attribute also kept in the `attributes` column? Raw usage is, so that a cost can show its sources. */
  readonly keep: boolean;
}

/** A resource attribute that fills a column. */
export interface ResourceRule {
  readonly field: string;
  readonly names: readonly string[];
}
