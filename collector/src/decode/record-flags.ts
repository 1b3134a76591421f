import { usageFlagNames } from "@lensai/otel-config/usage/usage";

/**
 * What was odd about a record. The bits travel with the record while it is decoded and end as names in
 * its attribute `lensai.ingest.flags`.
 */
export const FLAG = {
  /** The span ends before it starts: its duration is stored as 0. */
  endBeforeStart: 1,
  /** Start time 0, long ago or in the future: the row is filed and priced as of when it was received. */
  timeAbsurd: 2,
  /** An attribute key came twice: the last value counts. */
  duplicateKeys: 4,
  /** A value was cut at our limit. */
  truncated: 8,
  /** NaN or an infinity, which JSON cannot hold: stored as null. */
  nonFinite: 16,
  /** A token count was negative, fractional or not a number: treated as absent. */
  usageInvalid: 32,
  /** Attributes beyond the limit per record were dropped. */
  attributesDropped: 64,
  /** An attribute that should hold JSON with usage does not parse, or is too long to look into. */
  jsonUnread: 128,
} as const;

const NAMES: ReadonlyArray<readonly [number, string]> = [
  [FLAG.endBeforeStart, "end_before_start"],
  [FLAG.timeAbsurd, "time_absurd"],
  [FLAG.duplicateKeys, "duplicate_keys"],
  [FLAG.truncated, "truncated"],
  [FLAG.nonFinite, "non_finite"],
  [FLAG.usageInvalid, "usage_invalid"],
  [FLAG.attributesDropped, "attributes_dropped"],
  [FLAG.jsonUnread, "json_unread"],
];

/** The bits of USAGE_FLAG follow ours. */
export const USAGE_FLAG_SHIFT = 8;

/** The names of the bits, as a JSON array. */
export function flagsToJson(flags: number): string {
  const names = NAMES.filter(([bit]) => (flags & bit) !== 0).map(([, name]) => name);
  const usageNames = usageFlagNames(flags >>> USAGE_FLAG_SHIFT).map(
    (name) => `usage_${name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
  );
  return JSON.stringify([...names, ...usageNames]);
}

const WARNINGS: ReadonlyArray<readonly [number, string]> = [
  [FLAG.truncated, "a text was longer than is kept and was cut"],
  [FLAG.attributesDropped, "a record had more attributes than are kept; the others were dropped"],
];

/** What the sender should be told about the bits: only what was lost. */
export function warningsOf(flags: number): string[] {
  return WARNINGS.filter(([bit]) => (flags & bit) !== 0).map(([, warning]) => warning);
}
