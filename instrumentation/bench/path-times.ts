/** Where `path-marks.ts` puts what it has measured, one entry per call; absent without it. */
export const PATHS = Symbol.for("lensai.bench_paths");

/** How long the instrumentation had the thread, in microseconds: before the request was sent, and until its answer was there. */
export interface PathTimes {
  beforeMicros: number;
  micros: number;
}
