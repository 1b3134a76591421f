import { SpanStatusCode, trace } from "@opentelemetry/api";
import type { Attributes, Context, Span, Tracer } from "@opentelemetry/api";
import { LENSAI } from "@lensai/otel-config/attributes/lensai";
import { attributionAttributes, contextWithAttribution } from "../manual/attribution.ts";
import type { Attribution } from "../manual/attribution.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { processState } from "../spans/process-state.ts";
import { RunContext, runOf } from "./run-context.ts";
import { activeContext, tracerOf } from "../telemetry/global-api.ts";

/** A piece of work as a framework reports it: that it starts, and, under the same id, that it has ended. */
export interface RunStart {
  /** Unique in the process. */
  readonly id: string;
  /** The run that it is a part of; what surrounds the call, where there is none. */
  readonly parentId?: string | undefined;
  /** Absent: the run has no span of its own, and what is below it belongs to the one above. */
  readonly span?: { readonly name: string; readonly attributes: Attributes };
  /** Also on every call of a model below it. */
  readonly attribution?: Attribution;
}

/** What is known only when a run ends. */
export interface RunEnd {
  readonly name?: string;
  readonly attributes?: Attributes;
}

export interface RunLimits {
  /** Runs that are open at a time; beyond it, those that did nothing for longest are given up. */
  readonly openMax: number;
  /** How long a run can go without any run below it starting or ending. */
  readonly idleMsMax: number;
}

/** Far more than a process works on at once; each takes about 2 KB. */
const LIMITS: RunLimits = { openMax: 10_000, idleMsMax: 60 * 60 * 1000 };

/** Names who reports: the instrumentation scope of the spans. */
export interface RunScope {
  readonly name: string;
  readonly version: string;
}

interface Run {
  readonly id: string;
  readonly parent: Run | undefined;
  readonly span: Span | undefined;
  readonly context: Context;
  readonly entered: RunContext;
  lastActiveMs: number;
}

/**
 * Spans of the runs that a framework reports. A run that starts is entered: calls of models, and spans of anybody,
 * that are made in the course of it are below it, however many other runs are going on at the same time. Nothing
 * here throws; a run that is reported twice is one.
 */
export class RunSpans {
  /** In the order of their last activity. */
  readonly #open = new Map<string, Run>();
  readonly #tracer: () => Tracer;
  readonly #limits: RunLimits;
  readonly #now: () => number;

  constructor(
    tracer: () => Tracer,
    { limits = LIMITS, now = Date.now }: { limits?: RunLimits; now?: () => number } = {},
  ) {
    this.#tracer = tracer;
    this.#limits = limits;
    this.#now = now;
  }

  /** Those that have not ended. */
  get size(): number {
    return this.#open.size;
  }

  /** Must be called by the code that goes on with the run, before it waits for anything. */
  start(describe: () => RunStart): void {
    neverThrow("starting a run", () => this.#start(describe()));
  }

  end(id: string, { name, attributes }: RunEnd = {}): void {
    neverThrow("ending a run", () => {
      this.#end(id, (span) => {
        if (name !== undefined) span.updateName(name);
        if (attributes !== undefined) span.setAttributes(attributes);
      });
    });
  }

  /** Only the kind of the error is kept: its message may be content. */
  fail(id: string, error: unknown): void {
    neverThrow("ending a run", () => {
      this.#end(id, (span) => {
        span.setAttribute("error.type", error instanceof Error ? error.name : "_OTHER");
        span.setStatus({ code: SpanStatusCode.ERROR });
      });
    });
  }

  /** For the end of the process: nobody will say that these have ended. */
  abandonAll(): void {
    for (const run of this.#open.values()) neverThrow("ending a run", () => this.#abandon(run));
  }

  #start({ id, parentId, span, attribution }: RunStart): void {
    if (this.#open.has(id)) return;
    const parent = parentId === undefined ? undefined : this.#open.get(parentId);
    if (parent !== undefined) this.#touch(parent);
    this.#abandonIdle();
    // Before anything is asked of the context: it may start the SDK.
    const tracer = this.#tracer();
    const base = contextWithAttribution(contextBelow(parent), attribution);
    const own =
      span &&
      tracer.startSpan(
        span.name,
        { attributes: { ...attributionAttributes(base), ...span.attributes } },
        base,
      );
    const inner = own === undefined ? base : trace.setSpan(base, own);
    // The id is enough to be told by, and holds nothing.
    const identity = { id };
    const run: Run = {
      id,
      parent,
      span: own,
      context: inner,
      entered: RunContext.enter(identity, inner),
      lastActiveMs: this.#now(),
    };
    this.#open.set(id, run);
  }

  #end(id: string, describe: (span: Span) => void): void {
    const run = this.#open.get(id);
    if (run === undefined) return;
    this.#touch(run);
    this.#close(run);
    if (run.span === undefined) return;
    try {
      describe(run.span);
    } finally {
      run.span.end();
    }
  }

  #abandon(run: Run): void {
    this.#close(run);
    run.span?.setAttribute(LENSAI.observationProblem, "run_not_ended");
    // Nothing is known to have happened since.
    run.span?.end(run.lastActiveMs);
  }

  #close(run: Run): void {
    this.#open.delete(run.id);
    run.entered.end();
  }

  #abandonIdle(): void {
    const idleSinceMs = this.#now() - this.#limits.idleMsMax;
    for (const run of this.#open.values()) {
      if (this.#open.size < this.#limits.openMax && run.lastActiveMs > idleSinceMs) return;
      this.#abandon(run);
    }
  }

  /** A run is as active as what is below it. */
  #touch(run: Run): void {
    const now = this.#now();
    for (let each: Run | undefined = run; each !== undefined; each = each.parent) {
      each.lastActiveMs = now;
      if (this.#open.delete(each.id)) this.#open.set(each.id, each);
    }
  }
}

/** What the framework says about parents is right; what is active is more exact, where it is a part of that. */
function contextBelow(parent: Run | undefined): Context {
  const active = RunContext.settle(activeContext());
  if (parent === undefined) return active;
  const { id } = (runOf(active) ?? {}) as { readonly id?: string };
  return id === parent.id ? active : parent.context;
}

const RUNS_KEY = Symbol.for("lensai.runs");

/** The one of this process for that framework, whichever copy of the adapter asks. */
export function runSpansOf({ name, version }: RunScope): RunSpans {
  const holder = globalThis as { [RUNS_KEY]?: Map<string, RunSpans> };
  const all = (holder[RUNS_KEY] ??= new Map());
  const known = all.get(name);
  if (known !== undefined) return known;
  const created = new RunSpans(() => {
    processState().start?.();
    return tracerOf(name, version);
  });
  all.set(name, created);
  processState().endings.add(() => created.abandonAll());
  return created;
}
