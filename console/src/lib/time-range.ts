import type { TimeWindow } from "./dashboard.ts";
import { formatWindow } from "./format/time.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export interface RangePreset {
  readonly id: string;
  readonly label: string;
  readonly lengthMs: number;
  readonly intervalMs: number;
}

export const RANGE_PRESETS: readonly RangePreset[] = [
  { id: "15m", label: "15 minutes", lengthMs: 15 * MINUTE, intervalMs: MINUTE },
  { id: "1h", label: "1 hour", lengthMs: HOUR, intervalMs: MINUTE },
  { id: "24h", label: "24 hours", lengthMs: DAY, intervalMs: 30 * MINUTE },
  { id: "7d", label: "7 days", lengthMs: 7 * DAY, intervalMs: 6 * HOUR },
  { id: "30d", label: "30 days", lengthMs: 30 * DAY, intervalMs: DAY },
];
const DEFAULT_RANGE_ID = "24h";

/** A quarter: every row of the range is read, and 92 daily bars are the most that a screen can tell apart. */
export const CUSTOM_RANGE_MAX_MS = 92 * DAY;

/** More bars than this are too thin to point at on a small screen; only days may be more. */
export const BARS_MAX = 60;

/** All divide a day, so that bars start at round UTC times. */
const INTERVALS_MS: readonly number[] = [
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
];

export type TimeRange =
  | { readonly kind: "preset"; readonly preset: RangePreset; readonly window: TimeWindow }
  | { readonly kind: "custom"; readonly window: TimeWindow };

export type TimeRangeResult =
  | { readonly range: TimeRange; readonly problem?: undefined }
  /** The URL cannot be used; `range` is the default one. */
  | { readonly range: TimeRange; readonly problem: string };

/**
 * Reads `?range=24h` or `?from=…&to=…` (ISO 8601, UTC when no offset is given, `to` exclusive).
 * A preset ends at the end of the running bar: until then the same URL means the same window,
 * so its answers can be cached, and rows that arrive now are inside.
 */
export function parseTimeRange(query: URLSearchParams, nowMs: number): TimeRangeResult {
  const from = query.get("from");
  const to = query.get("to");
  if (from !== null || to !== null) return customRange(from ?? "", to ?? "", nowMs);
  const id = query.get("range") ?? DEFAULT_RANGE_ID;
  const preset = RANGE_PRESETS.find((candidate) => candidate.id === id);
  if (preset === undefined) {
    return { range: defaultRange(nowMs), problem: `"${id}" is not a time range` };
  }
  return { range: presetRange(preset, nowMs) };
}

/** "22 Nov 14:00 to 23 Nov 14:30 UTC" */
export function windowWords({ window }: TimeRange): string {
  return formatWindow(window.fromUnixMs, window.toUnixMs);
}

/** What a page says when it shows another time than its address asks for. */
export function rangeWarning(problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `${problem}. Showing the last 24 hours instead.`;
}

function customRange(from: string, to: string, nowMs: number): TimeRangeResult {
  const fromMs = parseUtc(from);
  const toMs = to === "" ? nowMs : parseUtc(to);
  const problem = customProblem(fromMs, toMs);
  if (problem !== undefined || fromMs === undefined || toMs === undefined) {
    return { range: defaultRange(nowMs), problem: problem ?? "the time range cannot be read" };
  }
  return {
    range: {
      kind: "custom",
      window: { fromUnixMs: fromMs, toUnixMs: toMs, intervalMs: intervalFor(toMs - fromMs) },
    },
  };
}

function customProblem(fromMs: number | undefined, toMs: number | undefined): string | undefined {
  if (fromMs === undefined) return "the start of the time range is not a date";
  if (toMs === undefined) return "the end of the time range is not a date";
  if (toMs <= fromMs) return "the time range ends before it starts";
  if (toMs - fromMs > CUSTOM_RANGE_MAX_MS) return "a time range has at most 92 days";
  return undefined;
}

const defaultRange = (nowMs: number): TimeRange =>
  presetRange(RANGE_PRESETS.find((preset) => preset.id === DEFAULT_RANGE_ID) as RangePreset, nowMs);

function presetRange(preset: RangePreset, nowMs: number): TimeRange {
  const { intervalMs } = preset;
  const toUnixMs = (Math.floor(nowMs / intervalMs) + 1) * intervalMs;
  const fromUnixMs = toUnixMs - preset.lengthMs;
  return { kind: "preset", preset, window: { fromUnixMs, toUnixMs, intervalMs } };
}

/** The shortest interval that keeps the number of bars at BARS_MAX or below; a day at most. */
export function intervalFor(lengthMs: number): number {
  return INTERVALS_MS.find((intervalMs) => lengthMs / intervalMs <= BARS_MAX) ?? DAY;
}

/** Date and time with an offset, or UTC without one. Years outside 2000-2199 are typing mistakes. */
function parseUtc(text: string): number | undefined {
  const match =
    /^(2[01]\d\d-\d\d-\d\d)(?:T(\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?)(Z|[+-]\d\d:\d\d)?)?$/.exec(text);
  if (match === null) return undefined;
  const [, day, time = "00:00", offset = "Z"] = match;
  const value = Date.parse(`${day}T${time}${offset}`);
  return Number.isNaN(value) ? undefined : value;
}
