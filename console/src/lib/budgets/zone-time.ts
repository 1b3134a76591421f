/** A date of the calendar, without a zone. `month` is 1 to 12. */
export interface CalendarDate {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

const DAY_MS = 86_400_000;

/** A formatter costs more to make than to use a thousand times. */
const formatters = new Map<string, Intl.DateTimeFormat>();

/** By zone and midnight: asking a calendar takes microseconds, and budgets ask for the same few dates all the time. */
const startsOfDates = new Map<string, number>();
/** About a megabyte; when it is full, it begins anew. */
const KNOWN_STARTS_MAX = 10_000;

/** Does the runtime know the zone by this IANA name ("Europe/Berlin", "UTC")? Offsets are no names. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatterOf(name);
    return true;
  } catch {
    return false;
  }
}

/** The date that a calendar on the wall shows. */
export function dateIn(timeZone: string, unixMs: number): CalendarDate {
  const wall = new Date(wallMs(timeZone, unixMs));
  return { year: wall.getUTCFullYear(), month: wall.getUTCMonth() + 1, day: wall.getUTCDate() };
}

/**
 * The first moment of a date: midnight, or the end of the gap where clocks jump over midnight (Beirut in March), or
 * the first of two midnights (Havana in November). A date that a zone left out (Apia, 30 December 2011) begins when
 * the next one does.
 */
export function startOfDate(timeZone: string, date: CalendarDate): number {
  const midnight = Date.UTC(date.year, date.month - 1, date.day);
  const key = `${midnight} ${timeZone}`;
  const known = startsOfDates.get(key);
  if (known !== undefined) return known;
  if (startsOfDates.size >= KNOWN_STARTS_MAX) startsOfDates.clear();
  const startMs = findStart(timeZone, midnight);
  startsOfDates.set(key, startMs);
  return startMs;
}

function findStart(timeZone: string, midnight: number): number {
  const before = midnight - offsetMs(timeZone, midnight - DAY_MS);
  const after = midnight - offsetMs(timeZone, midnight + DAY_MS);
  const candidates = [Math.min(before, after), Math.max(before, after)];
  const exact = candidates.find((unixMs) => wallMs(timeZone, unixMs) === midnight);
  return exact ?? endOfGap(timeZone, midnight, candidates as [number, number]);
}

/** No clock shows this midnight: the moment at which clocks jump over it lies between the candidates. */
function endOfGap(timeZone: string, midnight: number, [low, high]: [number, number]): number {
  let early = low - 1000;
  let late = high;
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (wallMs(timeZone, middle) >= midnight) late = middle;
    else early = middle;
  }
  return late;
}

function offsetMs(timeZone: string, unixMs: number): number {
  return wallMs(timeZone, unixMs) - unixMs;
}

/** What the clock on the wall shows, as if it were UTC. */
function wallMs(timeZone: string, unixMs: number): number {
  const part: Record<string, number> = {};
  for (const { type, value } of formatterOf(timeZone).formatToParts(unixMs))
    part[type] = Number(value);
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = part;
  const belowSecond = ((unixMs % 1000) + 1000) % 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) + belowSecond;
}

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const formatter = new Intl.DateTimeFormat("en-US", {
    timeZone,
    calendar: "gregory",
    numberingSystem: "latn",
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
    second: "numeric",
  });
  formatters.set(timeZone, formatter);
  return formatter;
}
