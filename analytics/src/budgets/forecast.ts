/**
 * What will have been spent when a period ends. Money is nano-USD; between is statistics, in doubles: a forecast is
 * not money, and its last digits mean nothing.
 */
export type Forecast =
  | {
      readonly kind: "expected";
      /** `seasonal`: by the hour of the week, of two weeks or more. `run_rate`: as fast as until now. */
      readonly method: "seasonal" | "run_rate";
      readonly endNanoUsd: bigint;
      /** The end is between these in `CONFIDENCE_PERCENT` of the cases; never less than is spent already. */
      readonly lowNanoUsd: bigint;
      readonly highNanoUsd: bigint;
    }
  /** Too little is known to say anything. */
  | { readonly kind: "unknown"; readonly reason: "too_short" | "no_spend" | "no_end" };

export const CONFIDENCE_PERCENT = 80;

export interface ForecastInput {
  /** What each hour cost, oldest first, without gaps; the last one has ended at `historyEndMs`. */
  readonly hourlyNanoUsd: readonly bigint[];
  /** A whole hour, not after `nowMs`. */
  readonly historyEndMs: number;
  readonly nowMs: number;
  /** When the period ends; Infinity for a total without an end. */
  readonly periodEndMs: number;
  /** In the period until `nowMs`. */
  readonly spentNanoUsd: bigint;
}

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
const WEEK_HOURS = 168;
const WEEK_DAYS = 7;
const SEASONAL_WEEKS_MIN = 2;
/** Older weeks say little about this one. */
const WEEKS_USED_MAX = 8;
/** Fewer days show no spread, and so no interval. */
const DAYS_MIN = 3;
/** How far the level of the last week moves the forecast from the mean of all weeks. */
const LEVEL_TRUST = 0.5;

/** The expected rest of a period, and what it is known to vary by. */
interface Outlook {
  readonly method: "seasonal" | "run_rate";
  readonly restNano: number;
  /** Of one day, from one to the next. */
  readonly dayVariance: number;
  /** Of the level that all remaining days share, per day. */
  readonly levelVariance: number;
  readonly freedom: number;
}

export function forecastSpend(input: ForecastInput): Forecast {
  const { nowMs, periodEndMs, spentNanoUsd } = input;
  if (periodEndMs === Infinity) return { kind: "unknown", reason: "no_end" };
  const hours = input.hourlyNanoUsd.map(Number);
  const firstSpend = hours.findIndex((cost) => cost > 0);
  if (firstSpend === -1) return { kind: "unknown", reason: "no_spend" };
  const known = hours.slice(firstSpend);
  const outlook = outlookOf(known, input);
  if (outlook === undefined) return { kind: "unknown", reason: "too_short" };
  const days = Math.max(0, periodEndMs - nowMs) / HOUR_MS / DAY_HOURS;
  const spread = Math.sqrt(outlook.dayVariance * days + outlook.levelVariance * days ** 2);
  const margin = quantileOf(outlook.freedom) * spread;
  const spent = Number(spentNanoUsd);
  const end = (rest: number): bigint => BigInt(Math.round(spent + Math.max(0, rest)));
  return {
    kind: "expected",
    method: outlook.method,
    endNanoUsd: end(outlook.restNano),
    lowNanoUsd: end(outlook.restNano - margin),
    highNanoUsd: end(outlook.restNano + margin),
  };
}

function outlookOf(hours: readonly number[], input: ForecastInput): Outlook | undefined {
  const weeks = Math.min(WEEKS_USED_MAX, Math.floor(hours.length / WEEK_HOURS));
  if (weeks >= SEASONAL_WEEKS_MIN) return seasonalOutlook(hours.slice(-weeks * WEEK_HOURS), input);
  if (hours.length < DAYS_MIN * DAY_HOURS) return undefined;
  return runRateOutlook(hours.slice(-WEEK_HOURS), input);
}

/** Every hour of the week as it was on average; the errors are those of forecasting each week from the others. */
function seasonalOutlook(hours: readonly number[], input: ForecastInput): Outlook {
  const weeks = chunksOf(hours, WEEK_HOURS);
  const profile = meanOf(weeks);
  const mean = sum(profile);
  const last = sum(weeks.at(-1) ?? []);
  const level = mean === 0 ? 1 : 1 + LEVEL_TRUST * (last / mean - 1);
  const errors = weeks.map((week, at) => {
    const expected = meanOf(weeks.filter((_, other) => other !== at));
    return chunksOf(week, DAY_HOURS).map(
      (day, of) => sum(day) - sum(expected.slice(of * DAY_HOURS, (of + 1) * DAY_HOURS)),
    );
  });
  const dayVariance = meanSquare(errors.flat());
  const weekVariance = meanSquare(errors.map(sum));
  return {
    method: "seasonal",
    restNano: level * restOf(input, (hour) => profile[hour % WEEK_HOURS] ?? 0),
    dayVariance,
    // Of days that vary apart, seven vary seven times as much as one; what is beyond that they have in common.
    levelVariance: Math.max(0, weekVariance - WEEK_DAYS * dayVariance) / WEEK_DAYS ** 2,
    freedom: weeks.length,
  };
}

function runRateOutlook(hours: readonly number[], input: ForecastInput): Outlook {
  const days = chunksOf(hours.slice(-Math.floor(hours.length / DAY_HOURS) * DAY_HOURS), DAY_HOURS);
  const totals = days.map(sum);
  const perDay = sum(totals) / totals.length;
  const dayVariance =
    sum(totals.map((total) => (total - perDay) ** 2)) / Math.max(1, totals.length - 1);
  const byHour = perDay / DAY_HOURS;
  return {
    method: "run_rate",
    restNano: restOf(input, () => byHour),
    dayVariance,
    // A mean of few days is itself uncertain, and nothing is known about other days of the week.
    levelVariance: dayVariance / totals.length,
    freedom: totals.length - 1,
  };
}

/**
 * The sum over the hours that are left; the first and the last count with the part of them that is left. Hours are
 * numbered from the end of the history, so that hour 0 is what hour -168 was.
 */
function restOf(
  { historyEndMs, nowMs, periodEndMs }: ForecastInput,
  costOfHour: (hour: number) => number,
): number {
  const from = (nowMs - historyEndMs) / HOUR_MS;
  const to = (periodEndMs - historyEndMs) / HOUR_MS;
  let rest = 0;
  for (let hour = Math.floor(from); hour < to; hour += 1) {
    const part = Math.min(to, hour + 1) - Math.max(from, hour);
    rest += Math.max(0, part) * costOfHour(hour);
  }
  return rest;
}

/** How many standard errors hold 80 % of Student's t distribution, by degrees of freedom. */
const T_QUANTILES = [3.08, 1.89, 1.64, 1.53, 1.48, 1.44, 1.41, 1.4, 1.38, 1.37] as const;
const NORMAL_QUANTILE = 1.28;

function quantileOf(freedom: number): number {
  return T_QUANTILES[Math.max(1, Math.floor(freedom)) - 1] ?? NORMAL_QUANTILE;
}

function chunksOf(values: readonly number[], length: number): number[][] {
  return Array.from({ length: Math.floor(values.length / length) }, (_, at) =>
    values.slice(at * length, (at + 1) * length),
  );
}

function meanOf(rows: readonly (readonly number[])[]): number[] {
  const [first = []] = rows;
  return first.map((_, at) => sum(rows.map((row) => row[at] ?? 0)) / rows.length);
}

function meanSquare(values: readonly number[]): number {
  return values.length === 0 ? 0 : sum(values.map((value) => value ** 2)) / values.length;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
