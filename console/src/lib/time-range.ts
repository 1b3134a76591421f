import type { TimeWindow } from "./dashboard.ts";
import { formatWindow } from "./format/time.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Ends now, wherever now is. */
export interface RollingPreset {
  readonly id: string;
  readonly label: string;
  readonly lengthMs: number;
  readonly intervalMs: number;
}

/** A calendar month in UTC, as invoices have it. */
export interface MonthPreset {
  readonly id: string;
  readonly label: string;
  readonly monthsBack: number;
}

export const RANGE_PRESETS: readonly RollingPreset[] = [
  { id: "15m", label: "15 minutes", lengthMs: 15 * MINUTE, intervalMs: MINUTE },
  { id: "1h", label: "1 hour", lengthMs: HOUR, intervalMs: MINUTE },
  { id: "24h", label: "24 hours", lengthMs: DAY, intervalMs: 30 * MINUTE },
  { id: "7d", label: "7 days", lengthMs: 7 * DAY, intervalMs: 6 * HOUR },
  { id: "30d", label: "30 days", lengthMs: 30 * DAY, intervalMs: DAY },
];
export const MONTH_PRESETS: readonly MonthPreset[] = [
  { id: "month", label: "This month", monthsBack: 0 },
  { id: "last-month", label: "Last month", monthsBack: 1 },
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
  | { readonly kind: "preset"; readonly preset: RollingPreset; readonly window: TimeWindow }
  | { readonly kind: "month"; readonly preset: MonthPreset; readonly window: TimeWindow }
  | { readonly kind: "custom"; readonly window: TimeWindow };

export type TimeRangeResult =
  | { readonly range: TimeRange; readonly problem?: undefined }
  /** The URL cannot be used; `range` is the default one. */
  | { readonly range: TimeRange; readonly problem: string };

/**
 * Reads `?range=24h`, `?range=month` or `?from=…&to=…` (ISO 8601, UTC when no offset is given, `to` exclusive).
 * A preset ends at the end of the running bar: until then the same URL means the same window,
 * so its answers can be cached, and rows that arrive now are inside.
 */
export function parseTimeRange(query: URLSearchParams, nowMs: number): TimeRangeResult {
  const from = query.get("from");
  const to = query.get("to");
  if (from !== null || to !== null) return customRange(from ?? "", to ?? "", nowMs);
  const id = query.get("range") ?? DEFAULT_RANGE_ID;
  const preset = RANGE_PRESETS.find((candidate) => candidate.id === id);
  if (preset !== undefined) return { range: presetRange(preset, nowMs) };
  const month = MONTH_PRESETS.find((candidate) => candidate.id === id);
  if (month !== undefined) return { range: monthRange(month, nowMs) };
  return { range: defaultRange(nowMs), problem: `"${id}" is not a time range` };
}

/**
 * What a range is compared with: the time before it, of the same length, or the month before; only as much of
 * it as has passed of the range itself. To whole minutes, so that an answer is good for as long.
 */
export function windowBefore(
  range: TimeRange,
  nowMs: number,
): Pick<TimeWindow, "fromUnixMs" | "toUnixMs"> {
  const { fromUnixMs, toUnixMs } = range.window;
  const lengthMs = toUnixMs - fromUnixMs;
  const startMs = range.kind === "month" ? monthStart(fromUnixMs, 1) : fromUnixMs - lengthMs;
  const passedMs = Math.floor(nowMs / MINUTE) * MINUTE - fromUnixMs;
  const comparedMs = passedMs > 0 ? Math.min(passedMs, lengthMs) : lengthMs;
  return { fromUnixMs: startMs, toUnixMs: Math.min(startMs + comparedMs, fromUnixMs) };
}

/** What the spend of a range can be compared with: the time before it, or the same days and hours a week earlier. */
export const COMPARISONS = ["before", "week"] as const;
export type Comparison = (typeof COMPARISONS)[number];

const WEEK = 7 * DAY;

/** Longer ranges would overlap with what they are compared with. */
export function canCompareWithWeek({ window }: TimeRange): boolean {
  return window.toUnixMs - window.fromUnixMs < WEEK;
}

/** As much of the time that a range is compared with as has passed of the range itself. */
export function comparedWindow(
  range: TimeRange,
  nowMs: number,
  comparison: Comparison,
): Pick<TimeWindow, "fromUnixMs" | "toUnixMs"> {
  const before = windowBefore(range, nowMs);
  if (comparison === "before" || !canCompareWithWeek(range)) return before;
  const fromUnixMs = range.window.fromUnixMs - WEEK;
  return { fromUnixMs, toUnixMs: fromUnixMs + before.toUnixMs - before.fromUnixMs };
}

/** "22 Nov 14:00 to 23 Nov 14:30 UTC" */
export function windowWords({ window }: TimeRange): string {
  return formatWindow(window.fromUnixMs, window.toUnixMs);
}

export interface ShownRange {
  readonly range: TimeRange;
  /** Why it is not what the address asks for; undefined: it is. */
  readonly problem: string | undefined;
  /** What began before is deleted; undefined: nothing is. */
  readonly keptFromMs: number | undefined;
  /** What it is compared with, where the page shows changes. */
  readonly before?: Pick<TimeWindow, "fromUnixMs"> | undefined;
}

/** What a page says when it shows another time than its address asks for, or not all of it. */
export function rangeWarning(shown: ShownRange): string | undefined {
  const { range, problem, keptFromMs = -Infinity, before = range.window } = shown;
  if (problem !== undefined) return `${problem}. Showing the last 24 hours instead.`;
  if (Math.min(range.window.fromUnixMs, before.fromUnixMs) >= keptFromMs) return undefined;
  const day = new Date(keptFromMs).toISOString().slice(0, 10);
  return `Calls from before ${day} are kept no longer: what is shown begins then.`;
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
  presetRange(
    RANGE_PRESETS.find((preset) => preset.id === DEFAULT_RANGE_ID) as RollingPreset,
    nowMs,
  );

/** The running month ends with the running day: bars of days that are to come would say nothing. */
function monthRange(preset: MonthPreset, nowMs: number): TimeRange {
  const { monthsBack } = preset;
  const fromUnixMs = monthStart(nowMs, monthsBack);
  const toUnixMs =
    monthsBack === 0 ? (Math.floor(nowMs / DAY) + 1) * DAY : monthStart(nowMs, monthsBack - 1);
  return {
    kind: "month",
    preset,
    // Half as many bars as could be: a month is read by its days.
    window: { fromUnixMs, toUnixMs, intervalMs: intervalFor(2 * (toUnixMs - fromUnixMs)) },
  };
}

function monthStart(atMs: number, monthsBack: number): number {
  const date = new Date(atMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - monthsBack);
}

function presetRange(preset: RollingPreset, nowMs: number): TimeRange {
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
