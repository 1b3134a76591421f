/**
 * Times are 64-bit nanoseconds since the epoch, kept as two 32-bit words: as one JS number they would
 * lose their last 8 bits, as a bigint they would allocate.
 */

const TWO_32 = 4294967296;
export const MICROS_PER_DAY = 86_400_000_000;

/** Whole microseconds of a time in nanoseconds; exact. */
export function wordsToMicros(low: number, high: number): number {
  const unsignedHigh = high >>> 0;
  const thousands = Math.floor(unsignedHigh / 1000);
  const rest = (unsignedHigh - thousands * 1000) * TWO_32 + (low >>> 0);
  return thousands * TWO_32 + Math.floor(rest / 1000);
}

/** end - start in nanoseconds; exact up to 104 days, which is more than any call takes. */
export function wordsDifference(
  end: { low: number; high: number },
  start: { low: number; high: number },
): number {
  return ((end.high >>> 0) - (start.high >>> 0)) * TWO_32 + ((end.low >>> 0) - (start.low >>> 0));
}

/** The two words of a non-negative safe integer. */
export function toWords(value: number): { low: number; high: number } {
  return { low: value % TWO_32, high: Math.floor(value / TWO_32) };
}
