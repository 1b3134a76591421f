import { SpanStatusCode, trace } from "@opentelemetry/api";
import type { Attributes, Context, Span } from "@opentelemetry/api";
import { attributionAttributes, contextWithAttribution } from "../manual/attribution.ts";
import type { Attribution } from "../manual/attribution.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { processState } from "../spans/process-state.ts";
import { activeContext, runInContext } from "../telemetry/global-api.ts";

/** A piece of work that is a function. */
export interface Work {
  readonly name: string;
  readonly attributes: Attributes;
  /** Also on every call of a model inside of it. */
  readonly attribution?: Attribution;
  /** The instrumentation scope of its span. */
  readonly scope: { readonly name: string; readonly version: string };
}

/**
 * Runs `fn` as one span, with the calls below it. `fn` runs once, whatever happens to the span; its result comes
 * back, its errors are thrown on. A promise ends the span when it settles, a stream that it brings when that has
 * been read. Promises of other classes do more than settle: asking them would start that, and they are left alone.
 */
export function traceWork<T>(describe: () => Work, fn: () => T): T {
  const running = neverThrow("starting a span", () => RunningWork.start(describe()));
  if (running === undefined) return fn();
  let result: T;
  try {
    result = runInContext(running.context, fn);
  } catch (error) {
    running.end(error);
    throw error;
  }
  if (!(result instanceof Promise) || result.constructor !== Promise) {
    return running.endWith(result);
  }
  return result.then(
    (value: unknown) => running.endWith(value),
    (error: unknown) => {
      running.end(error);
      throw error;
    },
  ) as T;
}

class RunningWork {
  readonly context: Context;
  readonly #span: Span;
  #hasEnded = false;

  private constructor(span: Span, inside: Context) {
    this.#span = span;
    this.context = inside;
  }

  static start({ name, attributes, attribution, scope }: Work): RunningWork {
    // The first thing that happens may be this, and not a call.
    processState().start?.();
    const around = contextWithAttribution(activeContext(), attribution);
    const span = trace
      .getTracer(scope.name, scope.version)
      .startSpan(name, { attributes: { ...attributes, ...attributionAttributes(around) } }, around);
    return new RunningWork(span, trace.setSpan(around, span));
  }

  /** Only the kind of an error: its message may be content. */
  end(...failure: [unknown?]): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    neverThrow("ending a span", () => {
      if (failure.length > 0) {
        const [error] = failure;
        this.#span.setAttribute("error.type", error instanceof Error ? error.name : "_OTHER");
        this.#span.setStatus({ code: SpanStatusCode.ERROR });
      }
      this.#span.end();
    });
  }

  /** With the result, or with its end where it is a generator: that works while it is read. */
  endWith<T>(result: T): T {
    const isFollowed = neverThrow("following a stream", () => this.#follow(result));
    if (isFollowed !== true) this.end();
    return result;
  }

  /** The same object; its methods run in the work's context, wherever it is read. */
  #follow(result: unknown): boolean {
    if (!isAsyncGenerator(result)) return false;
    for (const name of ["next", "return", "throw"]) {
      const method = Reflect.get(result, name) as (...args: unknown[]) => unknown;
      const inside = (...args: unknown[]): Promise<IteratorResult<unknown>> =>
        runInContext(this.context, () =>
          (Reflect.apply(method, result, args) as Promise<IteratorResult<unknown>>).then(
            (step) => {
              if (step.done === true) this.end();
              return step;
            },
            (error: unknown) => {
              this.end(error);
              throw error;
            },
          ),
        );
      Object.defineProperty(result, name, { value: inside, configurable: true, writable: true });
    }
    return true;
  }
}

function isAsyncGenerator(value: unknown): value is AsyncGenerator {
  return Object.prototype.toString.call(value) === "[object AsyncGenerator]";
}
