import { context, createContextKey } from "@opentelemetry/api";
import type { Context } from "@opentelemetry/api";
import { activeContext } from "../telemetry/global-api.ts";

const RUN = createContextKey("lensai.run");

/** The run whose context this is, or was made from. */
export function runOf(of: Context): unknown {
  return of.getValue(RUN);
}

/**
 * The context of a run that was entered and not called: it stays active in whatever the framework goes on with,
 * and can leak into the function that started the run. Once the run has ended it reads as the context from
 * before, so that nothing that comes after is taken for a part of it.
 */
export class RunContext implements Context {
  #inner: Context | undefined;
  readonly #outer: Context;

  private constructor(inner: Context, outer: Context) {
    this.#inner = inner;
    this.#outer = outer;
  }

  /** Makes it active for the rest of this asynchronous execution. `inner` is what it reads as until it ends. */
  static enter(run: object, inner: Context): RunContext {
    const entered = new RunContext(inner.setValue(RUN, run), settled(activeContext()));
    context.attach(entered);
    return entered;
  }

  end(): void {
    this.#inner = undefined;
  }

  /** Without those that have ended: a loop that starts runs must not grow a chain of them. */
  static settle(of: Context): Context {
    let settledContext = of;
    while (settledContext instanceof RunContext && settledContext.#inner === undefined) {
      settledContext = settledContext.#outer;
    }
    return settledContext;
  }

  getValue(key: symbol): unknown {
    return this.#current().getValue(key);
  }

  setValue(key: symbol, value: unknown): Context {
    return this.#current().setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return this.#current().deleteValue(key);
  }

  #current(): Context {
    return this.#inner ?? settled(this.#outer);
  }
}

const settled = (of: Context): Context => RunContext.settle(of);
