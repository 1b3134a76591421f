import type { RawUsageField } from "../dialects/dialect.ts";
import type { CountConvention, NormalUsage } from "../usage/usage.ts";
import type { Key } from "./call-record.ts";

/** One point of a metric that counts tokens (token-meters.ts), reduced to what billing asks about. */
export interface MeterPoint {
  /** Unique, the same for ever. */
  readonly id: string;
  /** Identity of the series: metric, resource and attributes. */
  readonly series: Key;
  /** The same for series that differ in nothing but what they count. */
  readonly family: Key;
  /** The instrument and its scope: it speaks of each call once. */
  readonly meter: Key;
  readonly kind: RawUsageField;
  readonly service: Key;
  /** Undefined when it does not say. */
  readonly instance: Key | undefined;
  readonly session: Key | undefined;
  /** Families of the models asked for and answering; none when the point names no model. */
  readonly models: readonly Key[];
  readonly temporality: "delta" | "cumulative";
  /** 0 when the producer does not say. */
  readonly startMicros: number;
  readonly timeMicros: number;
  /** Tokens since the start. */
  readonly value: number;
  /** Calls since the start, where the instrument is a histogram. */
  readonly count: number | undefined;
  readonly inputConvention: CountConvention | undefined;
  readonly outputConvention: CountConvention | undefined;
}

/**
 * A call that spans or logs tell and that is billed for them, as far as it covers what a meter counts. Given once for
 * each service that has a part in it: an application and its gateway may both count it.
 */
export interface MeteredCall {
  readonly service: Key;
  readonly instance: Key | undefined;
  readonly session: Key | undefined;
  readonly models: readonly Key[];
  readonly endMicros: number;
  /** Counts that are not known cover nothing. */
  readonly usage: MeteredUsage;
}

/** Inclusive counts and their parts; a part that is not told apart is undefined. */
export type MeteredUsage = Readonly<Record<MeteredField, number | undefined>>;

export const METERED_FIELDS = [
  "input",
  "output",
  "cacheRead",
  "cacheWrite5m",
  "cacheWrite1h",
  "reasoning",
] as const satisfies readonly (keyof NormalUsage)[];

export type MeteredField = (typeof METERED_FIELDS)[number];

/** What is decided about a point. */
export type MeterVerdict =
  /** It is billed for `usage`, its own and that of the points beside it. */
  | { readonly rule: "meter"; readonly usage: NormalUsage; readonly isRest: boolean }
  /** What it counts is billed with other records, or it counts nothing new. */
  | { readonly rule: "meter_told" }
  /** Nobody knows by how much the counter grew: the points before it are not known. */
  | { readonly rule: "meter_unknown" };
