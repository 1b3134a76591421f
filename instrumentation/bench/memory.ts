import type { App, Servers } from "./processes.ts";

export interface CallsMemory {
  readonly calls: number;
  readonly seconds: number;
  /** After each tenth of the calls. */
  readonly heapMegabytes: readonly number[];
  /** What the heap grew by in the second half. */
  readonly bytesPerCall: number;
}

const TENTHS = 10;
const TOGETHER = 32;
const BYTES_PER_MEGABYTE = 1024 * 1024;

/** The heap of an application that makes so many calls, half of them streams. */
export async function callsMemory(app: App, calls: number): Promise<CallsMemory> {
  const started = performance.now();
  const heaps: number[] = [];
  const count = Math.ceil(calls / TENTHS / 2);
  const many = { count, together: TOGETHER, intervalMs: 0 };
  for (let tenth = 0; tenth < TENTHS; tenth += 1) {
    await app.do({ do: "calls", kind: "small", ...many });
    await app.do({ do: "calls", kind: "stream", ...many });
    const { heapBytes } = await app.do({ do: "measure-memory" });
    heaps.push(heapBytes);
  }
  const half = heaps.slice(TENTHS / 2);
  return {
    calls: count * 2 * TENTHS,
    seconds: (performance.now() - started) / 1000,
    heapMegabytes: heaps.map((heap) => heap / BYTES_PER_MEGABYTE),
    bytesPerCall: ((half.at(-1) ?? 0) - (half[0] ?? 0)) / (count * 2 * (half.length - 1)),
  };
}

/** What each of so many streams at once holds of the heap, and what is left of it when all have ended. */
export async function streamsMemory(
  app: App,
  servers: Servers,
  count: number,
): Promise<{ openBytes: number; leftBytes: number }> {
  const before = await app.do({ do: "measure-memory" });
  const open = await app.do({ do: "open-streams", count });
  await servers.release();
  await app.do({ do: "finish-streams" });
  const after = await app.do({ do: "measure-memory" });
  return {
    openBytes: (open.heapBytes - before.heapBytes) / count,
    leftBytes: (after.heapBytes - before.heapBytes) / count,
  };
}
