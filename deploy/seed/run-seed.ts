import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import type { Project } from "./projects.ts";
import { PROJECTS } from "./projects.ts";
import { encodeTraces } from "./encode.ts";
import { emptyTally, tallyTraces, type ProjectTally } from "./expected-spend.ts";
import {
  createProjectKey,
  revokeProjectKey,
  type Installation,
  type SeedKey,
} from "./installation.ts";
import type { Progress } from "./progress.ts";
import type { SeedOptions } from "./seed-options.ts";
import { sendBatch, untilKeyIsKnown, type Receiver } from "./send.ts";
import type { SeedTrace } from "./span.ts";
import { generateTraffic, runId, type TrafficPlan } from "./traffic.ts";

export interface SeedResult {
  readonly runId: string;
  readonly seconds: number;
  readonly byProject: ReadonlyMap<Project, ProjectTally>;
}

/** Spans per request: what a busy batch span processor sends. */
const BATCH_SPANS = 512;
/** Requests on the way at once. The receiver, not the sender, sets the pace. */
const IN_FLIGHT_MAX = 4;

export interface SeedRun {
  readonly options: SeedOptions;
  readonly installation: Installation;
  readonly untilMs: number;
  readonly startProgress: (days: number) => Progress;
  /** Ends the run between two days of a project. */
  readonly signal?: AbortSignal;
}

/**
 * Creates the projects and sends their traffic, oldest day first. The keys that it sends with are good for nothing
 * afterwards, however it ends.
 */
export async function runSeed(run: SeedRun): Promise<SeedResult> {
  const projects = PROJECTS.slice(0, run.options.projects);
  const keys = new Map<Project, SeedKey>();
  try {
    for (const project of projects) {
      keys.set(project, await createProjectKey(run.installation, project));
    }
    return await sendTraffic(run, keys);
  } finally {
    for (const key of keys.values()) await revokeProjectKey(run.installation, key);
  }
}

async function sendTraffic(run: SeedRun, keys: ReadonlyMap<Project, SeedKey>): Promise<SeedResult> {
  const projects = [...keys.keys()];
  const plan: TrafficPlan = { ...run.options, projects, untilMs: run.untilMs };
  const started = performance.now();
  const url = run.installation.otlpHttpUrl;
  const receivers = new Map<Project, Receiver>(
    projects.map((project) => [project, { url, apiKey: keys.get(project)?.key ?? "" }]),
  );
  await Promise.all([...receivers.values()].map(untilKeyIsKnown));
  const byProject = new Map(projects.map((project) => [project, emptyTally()]));
  const progress = run.startProgress(plan.days);
  const book = createPriceBook();
  const inFlight = new Set<Promise<void>>();
  try {
    for (const { project, day, traces } of generateTraffic(plan)) {
      run.signal?.throwIfAborted();
      const receiver = receivers.get(project) as Receiver;
      for (const batch of batches(traces)) {
        await roomAmong(inFlight);
        const sending = sendBatch(receiver, encodeTraces(batch)).finally(() =>
          inFlight.delete(sending),
        );
        inFlight.add(sending);
      }
      tallyTraces(byProject.get(project) as ProjectTally, traces, book);
      progress.update(
        day.index + (project === projects.at(-1) ? 1 : 0),
        note(day.startMs, byProject),
      );
    }
    await Promise.all(inFlight);
  } finally {
    await Promise.allSettled(inFlight);
    progress.end();
  }
  return { runId: runId(plan), seconds: (performance.now() - started) / 1000, byProject };
}

async function roomAmong(inFlight: ReadonlySet<Promise<void>>): Promise<void> {
  if (inFlight.size >= IN_FLIGHT_MAX) await Promise.race(inFlight);
}

function note(dayStartMs: number, byProject: ReadonlyMap<Project, ProjectTally>): string {
  const spans = [...byProject.values()].reduce((sum, tally) => sum + tally.spans, 0);
  return `${new Date(dayStartMs).toISOString().slice(0, 10)}  ${spans.toLocaleString("en")} spans`;
}

/** @yields whole traces, so many that a batch reaches BATCH_SPANS. */
function* batches(traces: readonly SeedTrace[]): Generator<SeedTrace[]> {
  let batch: SeedTrace[] = [];
  let spans = 0;
  for (const trace of traces) {
    batch.push(trace);
    spans += trace.spans.length;
    if (spans < BATCH_SPANS) continue;
    yield batch;
    batch = [];
    spans = 0;
  }
  if (batch.length > 0) yield batch;
}
