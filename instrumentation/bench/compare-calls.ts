import type { CallKind } from "./app.ts";
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
  /** Medians over the rounds of what the observed application took more than the other in the same round. */
  readonly added: Figures;
}

const CALLS_PER_ROUND = 400;
const WARM_UP_CALLS = 3000;

/** Both applications make the same calls in turns, one call after the other. */
export async function compareCalls(
  apps: Readonly<Record<"without" | "observed", App>>,
  kind: CallKind,
  rounds: number,
): Promise<Compared> {
  const round = async (app: App, count: number): Promise<Figures> => {
    const { latenciesMicros, cpuMicros } = await app.do({ do: "calls", kind, count, together: 1 });
    const sorted = latenciesMicros.toSorted((one, other) => one - other);
    return { p50: at(sorted, 0.5), p99: at(sorted, 0.99), cpu: cpuMicros / sorted.length };
  };
  for (const app of Object.values(apps)) await round(app, WARM_UP_CALLS);
  const without: Figures[] = [];
  const observed: Figures[] = [];
  for (let turn = 0; turn < rounds; turn += 1) {
    // Whatever happens to the machine during a round does not always hit the same one.
    if (turn % 2 === 0) without.push(await round(apps.without, CALLS_PER_ROUND));
    observed.push(await round(apps.observed, CALLS_PER_ROUND));
    if (turn % 2 === 1) without.push(await round(apps.without, CALLS_PER_ROUND));
  }
  const differences = observed.map((figures, turn) => minus(figures, without[turn] as Figures));
  return { without: medians(without), observed: medians(observed), added: medians(differences) };
}

const minus = (one: Figures, other: Figures): Figures => ({
  p50: one.p50 - other.p50,
  p99: one.p99 - other.p99,
  cpu: one.cpu - other.cpu,
});

function medians(rounds: readonly Figures[]): Figures {
  const median = (of: (figures: Figures) => number): number =>
    at(
      rounds.map((figures) => of(figures)).sort((one, other) => one - other),
      0.5,
    );
  return {
    p50: median(({ p50 }) => p50),
    p99: median(({ p99 }) => p99),
    cpu: median(({ cpu }) => cpu),
  };
}

const at = (sorted: readonly number[], quantile: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? Number.NaN;
