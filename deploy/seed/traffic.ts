import { createHash } from "node:crypto";
import type { Project } from "./projects.ts";
import { createRandom } from "./random.ts";
import { dayFactor, daysUntil, momentOfDay, type Day } from "./rhythm.ts";
import type { SeedTrace } from "./span.ts";
import { buildTrace } from "./trace.ts";

export interface TrafficPlan {
  readonly seed: string;
  readonly projects: readonly Project[];
  readonly days: number;
  /** Over all projects, on an ordinary day at the start. */
  readonly spansPerDay: number;
  /** The traffic ends here; milliseconds since the epoch. */
  readonly untilMs: number;
}

/** The traffic of one project on one day, in the order of time. */
export interface DayTraffic {
  readonly project: Project;
  readonly day: Day;
  readonly traces: readonly SeedTrace[];
}

const NANOS_PER_MS = 1_000_000n;

/** Same plan, same id: the ids of all spans follow from it. */
export function runId(plan: TrafficPlan): string {
  const [first] = daysUntil(plan.untilMs, plan.days);
  const text = [plan.seed, plan.days, plan.spansPerDay, first?.startMs].join("|");
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

/**
 * The whole traffic, day by day and project by project. Pure: the same plan gives the same spans, so a
 * second run sends what the receiver has seen (or, after its window for duplicates, a second copy).
 * @yields one project's day at a time, oldest day first
 */
export function* generateTraffic(plan: TrafficPlan): Generator<DayTraffic> {
  const id = runId(plan);
  const weights = plan.projects.reduce((sum, project) => sum + project.weight, 0);
  for (const day of daysUntil(plan.untilMs, plan.days)) {
    for (const project of plan.projects) {
      const spans = (plan.spansPerDay * project.weight * dayFactor(project, day)) / weights;
      const traces = dayTraces(`${id}|${project.id}|${day.startMs}`, { project, day, spans });
      yield { project, day, traces: traces.filter((trace) => endsBefore(trace, plan.untilMs)) };
    }
  }
}

function dayTraces(
  label: string,
  wanted: { readonly project: Project; readonly day: Day; readonly spans: number },
): SeedTrace[] {
  const random = createRandom(label);
  const traces: SeedTrace[] = [];
  for (let spans = 0; spans < wanted.spans;) {
    const startUnixNano = BigInt(momentOfDay(random, wanted.day)) * NANOS_PER_MS;
    const trace = buildTrace(random, { project: wanted.project, startUnixNano });
    traces.push(trace);
    spans += trace.spans.length;
  }
  return traces.sort((left, right) => (startOf(left) < startOf(right) ? -1 : 1));
}

const startOf = (trace: SeedTrace): bigint => trace.spans[0]?.startUnixNano ?? 0n;

function endsBefore(trace: SeedTrace, untilMs: number): boolean {
  const root = trace.spans[0];
  return (
    root !== undefined && root.startUnixNano + root.durationNs <= BigInt(untilMs) * NANOS_PER_MS
  );
}
