import type { CallKind, JobResult } from "./app.ts";
import type { PathTimes } from "./path-times.ts";
import type { App } from "./processes.ts";

/** Microseconds per call. */
export interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

export interface ComparedCalls {
  readonly kind: CallKind;
  readonly rounds: number;
  /** 0: as soon as the one before has ended. */
  readonly intervalMs: number;
}

/** Short: what happens to the machine lasts for several rounds, and so meets all applications. */
const CALLS_PER_ROUND = 25;
const WARM_UP_CALLS = 3000;
const warmUp = { do: "calls", count: WARM_UP_CALLS, together: 8, intervalMs: 0 } as const;

/** All applications make the same calls by turns. */
export async function compareCalls<Name extends string>(
  apps: Readonly<Record<Name, App>>,
  { kind, rounds, intervalMs }: ComparedCalls,
): Promise<Readonly<Record<Name, Measured>>> {
  const all = Object.entries<App>(apps).map(([name, app]) => ({
    name: name as Name,
    app,
    measured: new Measured(),
  }));
  for (const { app } of all) {
    await app.do({ ...warmUp, kind });
  }
  const job = { do: "calls", kind, count: CALLS_PER_ROUND, together: 1, intervalMs } as const;
  for (let round = 0; round < rounds; round += 1) {
    // Everyone goes first as often as last.
    const order = round % 2 === 0 ? all : all.toReversed();
    for (const { app, measured } of order) measured.add(await app.do(job));
  }
  return Object.fromEntries(all.map(({ name, measured }) => [name, measured])) as Record<
    Name,
    Measured
  >;
}

/** How long the instrumentation has the thread on the way of one call, of an application that measures it. */
export async function pathsOfCalls(
  app: App,
  { kind, rounds, intervalMs }: ComparedCalls,
): Promise<readonly PathTimes[]> {
  await app.do({ ...warmUp, kind });
  const count = rounds * CALLS_PER_ROUND;
  return (await app.do({ do: "calls", kind, count, together: 1, intervalMs })).paths;
}

/** The calls of all rounds of one application. */
export class Measured {
  readonly #latencies: number[] = [];
  readonly #medians: number[] = [];
  #cpuMicros = 0;

  add({ latenciesMicros, cpuMicros }: JobResult): void {
    this.#latencies.push(...latenciesMicros);
    this.#medians.push(quantileOf(latenciesMicros, 0.5));
    this.#cpuMicros += cpuMicros;
  }

  figures(): Figures {
    return {
      p50: quantileOf(this.#latencies, 0.5),
      p99: quantileOf(this.#latencies, 0.99),
      cpu: this.#cpuMicros / this.#latencies.length,
    };
  }

  /** At the median, round by round: what the machine does meanwhile is in both. */
  beyond(other: Measured): Figures {
    const one = this.figures();
    const { p99, cpu } = other.figures();
    const rounds = this.#medians.map((median, round) => median - (other.#medians[round] ?? 0));
    return { p50: quantileOf(rounds, 0.5), p99: one.p99 - p99, cpu: one.cpu - cpu };
  }
}

export function quantileOf(values: readonly number[], quantile: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN;
}
