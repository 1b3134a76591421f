import type { App, Servers } from "./processes.ts";

export interface CallsMemory {
  readonly calls: number;
  readonly seconds: number;
  /** Before the first call, and after each tenth of them; garbage was collected. */
  readonly steps: readonly MemoryStep[];
  /** By which the heap grew in the second half: the slope of the line through its steps. */
  readonly bytesPerCall: number;
}

export interface MemoryStep {
  readonly calls: number;
  readonly heapBytes: number;
  readonly rssBytes: number;
}

const TENTHS = 10;
const TOGETHER = 32;

/** The memory of an application that makes so many calls, half of them streams; `onStep` is told of every tenth. */
export async function callsMemory(
  app: App,
  calls: number,
  onStep: (step: MemoryStep) => void,
): Promise<CallsMemory> {
  const started = performance.now();
  const count = Math.ceil(calls / TENTHS / 2);
  const many = { do: "calls", count, together: TOGETHER, intervalMs: 0 } as const;
  const steps: MemoryStep[] = [];
  const measure = async (): Promise<void> => {
    const { heapBytes, rssBytes } = await app.do({ do: "measure-memory" });
    const step = { calls: steps.length * count * 2, heapBytes, rssBytes };
    steps.push(step);
    onStep(step);
  };
  await measure();
  for (let tenth = 0; tenth < TENTHS; tenth += 1) {
    await app.do({ ...many, kind: "small" });
    await app.do({ ...many, kind: "stream" });
    await measure();
  }
  return {
    calls: count * 2 * TENTHS,
    seconds: (performance.now() - started) / 1000,
    steps,
    bytesPerCall: slopeOf(steps.slice(TENTHS / 2)),
  };
}

/** Least squares. */
function slopeOf(steps: readonly MemoryStep[]): number {
  const mean = (of: (step: MemoryStep) => number): number =>
    steps.reduce((sum, step) => sum + of(step), 0) / steps.length;
  const meanCalls = mean(({ calls }) => calls);
  const meanBytes = mean(({ heapBytes }) => heapBytes);
  const covariance = mean(({ calls, heapBytes }) => (calls - meanCalls) * (heapBytes - meanBytes));
  return covariance / mean(({ calls }) => (calls - meanCalls) ** 2);
}

export interface StreamsMemory {
  /** What each stream holds of the heap while all are open. */
  readonly openBytes: number;
  /** What is left of it when all have ended. */
  readonly leftBytes: number;
  /** Of the process while all are open. */
  readonly rssBytes: number;
}

/** The memory of an application that reads so many streams at once. */
export async function streamsMemory(
  app: App,
  servers: Servers,
  count: number,
): Promise<StreamsMemory> {
  const before = await app.do({ do: "measure-memory" });
  const open = await app.do({ do: "open-streams", count });
  await servers.release();
  await app.do({ do: "finish-streams" });
  const after = await app.do({ do: "measure-memory" });
  return {
    openBytes: (open.heapBytes - before.heapBytes) / count,
    leftBytes: (after.heapBytes - before.heapBytes) / count,
    rssBytes: open.rssBytes,
  };
}
