const DAY_MS = 86_400_000;
/** Calls of a day go on landing for a while: what a process could not send at once, what the review of the lake finds. */
const SETTLED_AFTER_MS = 2 * 3_600_000;
/** Stripe takes usage of the past 35 days; one is kept in hand. */
const DAYS_MAX = 34;

/** Days in UTC, from the first to the last. */
export interface DayRange {
  /** `2026-11-01` */
  readonly firstDay: string;
  readonly lastDay: string;
}

export const isoDay = (unixMs: number): string => new Date(unixMs).toISOString().slice(0, 10);

const dayStartMs = (day: string): number => Date.parse(`${day}T00:00:00Z`);

/** The first day that can still be charged or corrected. */
export const earliestDay = (nowUnixMs: number): string =>
  isoDay(nowUnixMs - SETTLED_AFTER_MS - DAYS_MAX * DAY_MS);

/** The days that can be charged or corrected now; undefined while none can. */
export function chargeableDays(startsOn: string, nowUnixMs: number): DayRange | undefined {
  const today = Math.floor((nowUnixMs - SETTLED_AFTER_MS) / DAY_MS) * DAY_MS;
  const lastDay = isoDay(today - DAY_MS);
  const earliest = earliestDay(nowUnixMs);
  const firstDay = startsOn > earliest ? startsOn : earliest;
  return firstDay > lastDay ? undefined : { firstDay, lastDay };
}

/** The range in milliseconds since the epoch, its end exclusive. */
export const timesOf = ({
  firstDay,
  lastDay,
}: DayRange): { readonly fromUnixMs: number; readonly toUnixMs: number } => ({
  fromUnixMs: dayStartMs(firstDay),
  toUnixMs: dayStartMs(lastDay) + DAY_MS,
});

/** The days of a month, `2026-11`. */
export function daysOfMonth(month: string): DayRange {
  const firstMs = Date.parse(`${month}-01T00:00:00Z`);
  const first = new Date(firstMs);
  const nextMs = Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1);
  return { firstDay: isoDay(firstMs), lastDay: isoDay(nextMs - DAY_MS) };
}

/**
 * When Stripe is told that the usage was. A charge lies at the end of its day; what corrects it later lies in the time
 * of the correction, as the invoice of the day may be closed.
 */
export function occurredAt(day: string, revision: number, now: Date): Date {
  return revision === 1 ? new Date(dayStartMs(day) + DAY_MS - 1000) : now;
}
