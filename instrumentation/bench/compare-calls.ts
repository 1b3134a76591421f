import type { CallKind, JobResult } from "./app.ts";
import type { App } from "./processes.ts";

/** Microseconds per call. */
export interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly cpu: number;
}

export interface Compared {
  readonly without: Figures;
  readonly observed: Figures;
  /** The difference of the two. */
  readonly added: Figures;
}

export interface ComparedCalls {
  readonly kind: CallKind;
  readonly rounds: number;
  /** 0: as soon as the one before has ended. */
  readonly intervalMs: number;
}

/** Short: what happens to the machine lasts for several rounds, and so meets both applications. */
const CALLS_PER_ROUND = 25;
const WARM_UP_CALLS = 3000;

/** Both applications make the same calls by turns. */
export async function compareCalls(
  apps: Readonly<Record<"without" | "observed", App>>,
  { kind, rounds, intervalMs }: ComparedCalls,
): Promise<Compared> {
  for (const app of Object.values(apps)) {
    await app.do({ do: "calls", kind, count: WARM_UP_CALLS, together: 8, intervalMs: 0 });
  }
  const without = new Measured();
  const observed = new Measured();
  const job = { do: "calls", kind, count: CALLS_PER_ROUND, together: 1, intervalMs } as const;
  for (let turn = 0; turn < rounds; turn += 1) {
    if (turn % 2 === 0) without.add(await apps.without.do(job));
    observed.add(await apps.observed.do(job));
    if (turn % 2 === 1) without.add(await apps.without.do(job));
  }
  const figures = { without: without.figures(), observed: observed.figures() };
  return { ...figures, added: difference(figures.observed, figures.without) };
}

/** The calls of all rounds of one application. */
class Measured {
  readonly #latencies: number[] = [];
  #cpuMicros = 0;

  add({ latenciesMicros, cpuMicros }: JobResult): void {
    this.#latencies.push(...latenciesMicros);
    this.#cpuMicros += cpuMicros;
  }

  figures(): Figures {
    const sorted = this.#latencies.toSorted((one, other) => one - other);
    return { p50: at(sorted, 0.5), p99: at(sorted, 0.99), cpu: this.#cpuMicros / sorted.length };
  }
}

const difference = (one: Figures, other: Figures): Figures => ({
  p50: one.p50 - other.p50,
  p99: one.p99 - other.p99,
  cpu: one.cpu - other.cpu,
});

const at = (sorted: readonly number[], quantile: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN;
