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

/** More labels than this are no help, however wide the screen is. */
const TICKS_MAX = 10;
/** What "23 Nov" takes, and some room beside it. */
const TICK_PX = 54;

/** The starts of the bars that get a label: at round UTC times, as many of them as have room in so many pixels. */
export function timeTicks(startsUnixMs: readonly number[], widthPx = Infinity): number[] {
  const ticksMax = Math.max(1, Math.min(TICKS_MAX, Math.floor(widthPx / TICK_PX)));
  const aligned = (stepMs: number): number[] =>
    startsUnixMs.filter((startUnixMs) => startUnixMs % stepMs === 0);
  const fitting = TICK_STEPS_MS.map(aligned).find((ticks) => ticks.length <= ticksMax);
  return fitting ?? [];
}
