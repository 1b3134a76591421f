import { ROOT_CONTEXT, trace as ownTrace } from "@opentelemetry/api";
import type { Context, ContextManager, Tracer, TracerProvider } from "@opentelemetry/api";

/**
 * What an application has registered with OpenTelemetry's API, whichever copy of that it has. A copy does not look at
 * what an older one has registered (SDKs 2.x come with 1.9, ours with 1.10), as it may lack what the newer one calls.
 * What is called here has been there since 1.0, and its contexts, spans and baggage are the same in all.
 */

/** Where all copies keep it: https://opentelemetry.io/docs/specs/otel/library-guidelines/ */
const KEY = Symbol.for("opentelemetry.js.api.1");

interface Registered {
  readonly trace?: TracerProvider;
  readonly context?: ContextManager;
}

/** Not by way of our own copy, which takes several times as long: every call asks. */
function registered(): Registered | undefined {
  return (globalThis as { [KEY]?: Registered })[KEY];
}

export function tracerProvider(): TracerProvider {
  return registered()?.trace ?? ownTrace.getTracerProvider();
}

export function tracerOf(name: string, version?: string): Tracer {
  return tracerProvider().getTracer(name, version);
}

export function activeContext(): Context {
  return registered()?.context?.active() ?? ROOT_CONTEXT;
}

export function runInContext<T>(inner: Context, run: () => T): T {
  const manager = registered()?.context;
  return manager === undefined ? run() : manager.with(inner, run);
}
