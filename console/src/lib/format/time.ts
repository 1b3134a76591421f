/**
 * Times are shown in UTC, on the server and in every browser alike: two people who look at one link see
 * one text, and the page does not change when it hydrates.
 */
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAY_MS = 86_400_000;

const two = (value: number): string => String(value).padStart(2, "0");

const dayOf = (date: Date): string => `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]}`;

const clockOf = (date: Date): string => `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;

/** "23 Nov" */
export function formatDay(ms: number): string {
  return dayOf(new Date(ms));
}

/** "14:05:09" */
export function formatClock(ms: number): string {
  const date = new Date(ms);
  return `${clockOf(date)}:${two(date.getUTCSeconds())}`;
}

/** "2026-11-23 14:05:09.123 UTC" */
export function formatFullTime(ms: number): string {
  return `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

/** "2026-11-23 14:05:09 UTC": when somebody did something. */
export function formatSecond(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** "2026-11-23 14:05 UTC" */
export function formatMinute(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** A label on the time axis: "14:30", and the day where one begins: "23 Nov". */
export function formatTimeTick(ms: number): string {
  const date = new Date(ms);
  return ms % DAY_MS === 0 ? dayOf(date) : clockOf(date);
}

/** The whole bar, for tooltips and tables: "23 Nov 14:00 to 14:30", "23 Nov". */
export function formatBucketSpan(startMs: number, bucketMs: number): string {
  const start = new Date(startMs);
  if (bucketMs === DAY_MS) return dayOf(start);
  const end = new Date(startMs + bucketMs);
  return `${dayOf(start)} ${clockOf(start)} to ${clockOf(end)}`;
}

/** "22 Nov 14:00 to 23 Nov 14:30 UTC" */
export function formatWindow(fromMs: number, toMs: number): string {
  const from = new Date(fromMs);
  const to = new Date(toMs);
  return `${dayOf(from)} ${clockOf(from)} to ${dayOf(to)} ${clockOf(to)} UTC`;
}

/** The value of a datetime-local input: "2026-11-23T14:05". */
export function toInputTime(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16);
}
