/** When a budget starts anew. Milliseconds since the epoch. */
export interface BudgetPeriod {
  readonly startMs: number;
  /** Exclusive; Infinity for a budget that never starts anew. */
  readonly endMs: number;
  /** When the periods after this one end, in order, as far as the policy says. */
  readonly laterEndsMs?: readonly number[];
}

const MONTHS_PER_YEAR = 12;

/**
 * The period that `nowMs` is in, when the given one is over: one of those that the policy says follow. Beyond
 * them, a period of whole calendar months (in UTC) is followed by one of as many months, any other by one of the
 * same length: 1 to 28 February is followed by 1 to 31 March.
 */
export function periodAt(known: BudgetPeriod, nowMs: number): BudgetPeriod {
  let period = known;
  while (nowMs >= period.endMs && period.laterEndsMs?.[0] !== undefined) {
    const [endMs, ...laterEndsMs] = period.laterEndsMs as [number, ...number[]];
    period = { startMs: period.endMs, endMs, laterEndsMs };
  }
  if (nowMs < period.endMs) return period;
  const months = wholeMonths(period);
  return months === undefined ? sameLength(period, nowMs) : sameMonths(period, months, nowMs);
}

function sameLength({ startMs, endMs }: BudgetPeriod, nowMs: number): BudgetPeriod {
  const lengthMs = endMs - startMs;
  const start = startMs + Math.floor((nowMs - startMs) / lengthMs) * lengthMs;
  return { startMs: start, endMs: start + lengthMs };
}

function sameMonths({ startMs }: BudgetPeriod, months: number, nowMs: number): BudgetPeriod {
  const passed = monthsBetween(startMs, nowMs);
  const periods = Math.floor(passed / months);
  const start = addMonths(startMs, periods * months);
  // The month has begun, and its day has not come yet.
  const isBefore = nowMs < start;
  const first = isBefore ? periods - 1 : periods;
  return {
    startMs: addMonths(startMs, first * months),
    endMs: addMonths(startMs, (first + 1) * months),
  };
}

/** Undefined when the period does not begin and end at the same moment of a month. */
function wholeMonths({ startMs, endMs }: BudgetPeriod): number | undefined {
  const months = monthsBetween(startMs, endMs);
  return months > 0 && addMonths(startMs, months) === endMs ? months : undefined;
}

function monthsBetween(fromMs: number, toMs: number): number {
  const from = new Date(fromMs);
  const to = new Date(toMs);
  const years = to.getUTCFullYear() - from.getUTCFullYear();
  return years * MONTHS_PER_YEAR + to.getUTCMonth() - from.getUTCMonth();
}

function addMonths(ms: number, months: number): number {
  return new Date(ms).setUTCMonth(new Date(ms).getUTCMonth() + months);
}
