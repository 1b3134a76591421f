const NANOS_PER_MS = 1e6;

/**
 * Milliseconds of the machine's monotonic clock. All processes of a machine share it, and no change of a wall clock
 * moves it: what happened first in a fleet whose clocks are wrong is told by this one.
 */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / NANOS_PER_MS;
