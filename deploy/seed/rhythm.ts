import type { Project } from "./projects.ts";
import type { Random } from "./random.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Relative load per hour of the day (UTC): a night, a morning peak, a dip at lunch, an afternoon peak. */
const HOURS = [2, 1.5, 1, 1, 1, 2, 4, 7, 10, 12, 12, 11, 9, 11, 13, 13, 12, 10, 8, 7, 6, 5, 4, 3];
const HOURS_TOTAL = HOURS.reduce((sum, weight) => sum + weight, 0);
/** Traffic grows by this share per day. */
const DAILY_GROWTH = 0.008;
/** Days since the start of the period, counted from its end, on which one project sends three times as much. */
const RUSH_DAY_FROM_END = 9;
const RUSH_FACTOR = 3;

export interface Day {
  /** Midnight UTC, milliseconds since the epoch. */
  readonly startMs: number;
  /** 0 = the first day of the period. */
  readonly index: number;
  readonly count: number;
}

/** The days of the period, oldest first; the last one holds `until`. */
export function daysUntil(untilMs: number, count: number): Day[] {
  const lastStart = Math.floor(untilMs / DAY_MS) * DAY_MS;
  return Array.from({ length: count }, (_, index) => ({
    startMs: lastStart - (count - 1 - index) * DAY_MS,
    index,
    count,
  }));
}

/** How busy a project is on a day; 1 on an ordinary working day at the start of the period. */
export function dayFactor(project: Project, day: Day): number {
  const weekday = new Date(day.startMs).getUTCDay();
  const weekend = weekday === 0 || weekday === 6 ? 1 - project.weekendDip : 1;
  const growth = (1 + DAILY_GROWTH) ** day.index;
  const isRush = project.id === "support" && day.count - 1 - day.index === RUSH_DAY_FROM_END;
  return weekend * growth * (isRush ? RUSH_FACTOR : 1);
}

/** A moment of the day, milliseconds since the epoch, drawn by the load curve. */
export function momentOfDay(random: Random, day: Day): number {
  let left = random.next() * HOURS_TOTAL;
  let hour = 0;
  while (left >= (HOURS[hour] as number) && hour < HOURS.length - 1) {
    left -= HOURS[hour] as number;
    hour += 1;
  }
  return day.startMs + hour * HOUR_MS + Math.floor(random.next() * HOUR_MS);
}
