/** Where `path-marks.ts` puts what it has measured, one entry per call; absent without it. */
export const PATHS = Symbol.for("lensai.bench_paths");

/**
 * How long the instrumentation had the thread, in microseconds: before the request was sent, until its answer was there, and
 * with what it had put off of other calls, where that was run meanwhile.
 */
export interface PathTimes {
  beforeMicros: number;
  micros: number;
  metMicros: number;
}
