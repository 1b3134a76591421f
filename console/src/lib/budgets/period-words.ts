import { formatTimeTick } from "../format/time.ts";
import type { Period, PeriodKind, PeriodRule } from "./period.ts";
import { dateIn } from "./zone-time.ts";

const WEEKDAYS = [
  "Monday",
  "Tuesday",
  "Wednesday",
  "Thursday",
  "Friday",
  "Saturday",
  "Sunday",
] as const;

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
] as const;

/** In the order in which they are offered. */
export const PERIOD_KINDS: readonly { readonly kind: PeriodKind; readonly label: string }[] = [
  { kind: "hour", label: "Hour" },
  { kind: "day", label: "Day" },
  { kind: "week", label: "Week" },
  { kind: "month", label: "Month" },
  { kind: "quarter", label: "Quarter" },
  { kind: "rolling", label: "Rolling window" },
  { kind: "total", label: "Total, never anew" },
];

/** 1 is Monday. */
export const WEEKDAY_CHOICES = WEEKDAYS.map((label, at) => ({ value: at + 1, label }));
/** 1 is January. */
export const MONTH_CHOICES = MONTHS.map((label, at) => ({ value: at + 1, label }));

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;

/** "per month from the 15th, Europe/Berlin", "in any 24 hours", "in total until 1 Dec 2026". */
export function periodWords(rule: PeriodRule): string {
  switch (rule.kind) {
    case "hour":
      return "per hour";
    case "day":
      return `per day, ${rule.timeZone}`;
    case "week":
      return `per week from ${WEEKDAYS[rule.weekStartsOn - 1]}, ${rule.timeZone}`;
    case "month":
      return rule.monthDay === 1
        ? `per month, ${rule.timeZone}`
        : `per month from day ${rule.monthDay}, ${rule.timeZone}`;
    case "quarter":
      return `per quarter from ${MONTHS[rule.firstMonth - 1]}, ${rule.timeZone}`;
    case "rolling":
      return `in any ${windowWords(rule.windowMs)}`;
    case "total":
      return totalWords(rule);
  }
}

/** "24 hours", "7 days". */
function windowWords(windowMs: number): string {
  const hours = windowMs / HOUR_MS;
  if (hours === 1) return "hour";
  return hours > 2 * DAY_HOURS && hours % DAY_HOURS === 0
    ? `${hours / DAY_HOURS} days`
    : `${hours} hours`;
}

function totalWords({ startsAt, endsAt }: Extract<PeriodRule, { kind: "total" }>): string {
  const from = startsAt === undefined ? "" : ` from ${startsAt.slice(0, 10)}`;
  const until = endsAt === undefined ? "" : ` until ${endsAt.slice(0, 10)}`;
  return `in total${from}${until}`;
}

/** "in 3 d 4 h", "in 12 min"; undefined where nothing begins anew. A rolling window never does as a whole. */
export function resetWords(rule: PeriodRule, period: Period, nowMs: number): string | undefined {
  if (rule.kind === "rolling" || period.endMs === Infinity) return undefined;
  const minutes = Math.max(0, Math.ceil((period.endMs - nowMs) / 60_000));
  if (minutes < 60) return `in ${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 2 * DAY_HOURS) return `in ${hours} h ${minutes % 60} min`;
  return `in ${Math.floor(hours / DAY_HOURS)} d ${hours % DAY_HOURS} h`;
}

/** The date on which a period begins, where it begins: "1 Oct"; for hours the time, "14:00". */
export function periodStartWords(rule: PeriodRule, startMs: number): string {
  if (!("timeZone" in rule)) return formatTimeTick(startMs);
  const { month, day } = dateIn(rule.timeZone, startMs);
  return `${day} ${MONTHS[month - 1]?.slice(0, 3)}`;
}
