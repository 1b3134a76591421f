const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Distances at which people expect labels on a time axis. */
const TICK_STEPS_MS: readonly number[] = [
  MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  30 * MINUTE,
  HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  3 * DAY,
  7 * DAY,
  14 * DAY,
];

/** Labels that fit beside each other on a wide screen; narrow ones leave out those that would overlap. */
const TICKS_MAX = 10;

/** The starts of the bars that get a label: at round UTC times, at most TICKS_MAX of them. */
export function timeTicks(startsUnixMs: readonly number[]): number[] {
  const aligned = (stepMs: number): number[] =>
    startsUnixMs.filter((startUnixMs) => startUnixMs % stepMs === 0);
  const fitting = TICK_STEPS_MS.map(aligned).find((ticks) => ticks.length <= TICKS_MAX);
  return fitting ?? [];
}
