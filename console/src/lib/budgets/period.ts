import { dateIn, startOfDate, type CalendarDate } from "./zone-time.ts";

/**
 * When a budget starts anew. Calendar periods begin at midnight of their time zone (IANA name), hours with the
 * hours of UTC.
 */
export type PeriodRule =
  | { readonly kind: "hour" }
  | { readonly kind: "day"; readonly timeZone: string }
  /** `weekStartsOn`: ISO, 1 is Monday and 7 Sunday. */
  | { readonly kind: "week"; readonly timeZone: string; readonly weekStartsOn: number }
  /** `monthDay`: 1 to 31; the last day of a month that has no such day. */
  | { readonly kind: "month"; readonly timeZone: string; readonly monthDay: number }
  /** `firstMonth`: 1 to 12, a month that a quarter begins in (2: February, May, August, November). */
  | { readonly kind: "quarter"; readonly timeZone: string; readonly firstMonth: number }
  /** What was spent in the last `windowMs`, at every moment; moves on in slices of a sixtieth of it. */
  | { readonly kind: "rolling"; readonly windowMs: number }
  /** One amount, from `startsAt` (when absent: from when the budget was made) to `endsAt` (ISO 8601, UTC). */
  | { readonly kind: "total"; readonly startsAt?: string; readonly endsAt?: string };

export type PeriodKind = PeriodRule["kind"];

/** Milliseconds since the epoch. */
export interface Period {
  readonly startMs: number;
  /** Exclusive; Infinity for a total without an end. */
  readonly endMs: number;
}

type CalendarRule = Extract<PeriodRule, { readonly timeZone: string }>;

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const WEEK_DAYS = 7;
const MONTHS_PER_YEAR = 12;
const MONTHS_PER_QUARTER = 3;
const EPOCH_YEAR = 1970;
/** 1 January 1970 was a Thursday: the days from the ISO week's Monday before it. */
const EPOCH_WEEKDAY = 3;
/**
 * A rolling window moves on in this many steps: the finer, the less of what is older than the window still
 * counts (at most one slice), and the more rows the ledger keeps. Windows of whole hours have slices of whole minutes.
 */
const SLICES_PER_WINDOW = 60;

/**
 * The period that a moment is in; undefined where a total has not begun or is over. `createdAtMs` is when the
 * budget was made. For a rolling window it is the slice that now runs: what counts is `windowMs` before it, too.
 */
export function periodAt(
  rule: PeriodRule,
  atMs: number,
  createdAtMs: number = 0,
): Period | undefined {
  switch (rule.kind) {
    case "hour":
      return equalPeriodAt(HOUR_MS, atMs);
    case "rolling":
      return equalPeriodAt(rule.windowMs / SLICES_PER_WINDOW, atMs);
    case "total":
      return totalAt(rule, atMs, createdAtMs);
    case "day":
    case "week":
    case "month":
    case "quarter":
      return calendarPeriodAt(rule, atMs);
  }
}

/** The period that follows; undefined after a total. */
export function periodAfter(rule: PeriodRule, { endMs }: Period): Period | undefined {
  return rule.kind === "total" ? undefined : periodAt(rule, endMs);
}

/**
 * What counts against the limit at a moment: the period, or for a rolling window all of it up to the end of the
 * slice that runs. Undefined as for `periodAt`.
 */
export function countedSpan(
  rule: PeriodRule,
  atMs: number,
  createdAtMs: number = 0,
): Period | undefined {
  const period = periodAt(rule, atMs, createdAtMs);
  if (rule.kind !== "rolling" || period === undefined) return period;
  return { startMs: period.startMs - rule.windowMs, endMs: period.endMs };
}

/** The periods that a span touches, in order, without gaps between them. `fromMs` < `toMs`. */
export function periodsWithin(
  rule: PeriodRule,
  { fromMs, toMs, createdAtMs = 0 }: { fromMs: number; toMs: number; createdAtMs?: number },
): Period[] {
  const found: Period[] = [];
  let period = periodAt(rule, fromMs, createdAtMs);
  while (period !== undefined && period.startMs < toMs) {
    found.push(period);
    period = periodAfter(rule, period);
  }
  return found;
}

function equalPeriodAt(lengthMs: number, atMs: number): Period {
  const startMs = Math.floor(atMs / lengthMs) * lengthMs;
  return { startMs, endMs: startMs + lengthMs };
}

function totalAt(
  { startsAt, endsAt }: Extract<PeriodRule, { kind: "total" }>,
  atMs: number,
  createdAtMs: number,
): Period | undefined {
  const startMs = startsAt === undefined ? createdAtMs : Date.parse(startsAt);
  const endMs = endsAt === undefined ? Infinity : Date.parse(endsAt);
  return startMs <= atMs && atMs < endMs ? { startMs, endMs } : undefined;
}

/**
 * Periods are numbered, and the moments at which they begin never go back. So there is exactly one for every
 * moment, whatever a zone does to its clocks; a date that it left out is a period of no length, which none is in.
 */
function calendarPeriodAt(rule: CalendarRule, atMs: number): Period {
  let number = numberOf(rule, dateIn(rule.timeZone, atMs)) + 1;
  let endMs = startOf(rule, number);
  while (endMs <= atMs) endMs = startOf(rule, (number += 1));
  let startMs = startOf(rule, (number -= 1));
  while (startMs > atMs) {
    endMs = startMs;
    startMs = startOf(rule, (number -= 1));
  }
  return { startMs, endMs };
}

function startOf(rule: CalendarRule, number: number): number {
  return startOfDate(rule.timeZone, firstDateOf(rule, number));
}

function numberOf(rule: CalendarRule, date: CalendarDate): number {
  const day = Date.UTC(date.year, date.month - 1, date.day) / DAY_MS;
  const month = (date.year - EPOCH_YEAR) * MONTHS_PER_YEAR + date.month - 1;
  switch (rule.kind) {
    case "day":
      return day;
    case "week":
      return Math.floor((day + EPOCH_WEEKDAY - (rule.weekStartsOn - 1)) / WEEK_DAYS);
    case "month":
      return month;
    case "quarter":
      return Math.floor((month - (rule.firstMonth - 1)) / MONTHS_PER_QUARTER);
  }
}

function firstDateOf(rule: CalendarRule, number: number): CalendarDate {
  switch (rule.kind) {
    case "day":
      return dateOfDay(number);
    case "week":
      return dateOfDay(number * WEEK_DAYS - EPOCH_WEEKDAY + rule.weekStartsOn - 1);
    case "month":
      return dateOfMonth(number, rule.monthDay);
    case "quarter":
      return dateOfMonth(number * MONTHS_PER_QUARTER + rule.firstMonth - 1, 1);
  }
}

/** `day`: days since 1 January 1970. */
function dateOfDay(day: number): CalendarDate {
  const date = new Date(day * DAY_MS);
  return { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
}

/** `month`: months since January 1970. */
function dateOfMonth(month: number, day: number): CalendarDate {
  const lastDay = new Date(Date.UTC(EPOCH_YEAR, month + 1, 0));
  return {
    year: lastDay.getUTCFullYear(),
    month: lastDay.getUTCMonth() + 1,
    day: Math.min(day, lastDay.getUTCDate()),
  };
}
