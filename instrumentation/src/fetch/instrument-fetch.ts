import { CallObserver } from "../calls/call-observer.ts";
import { observedFetch } from "./wrap-fetch.ts";
import type { FetchOptions } from "./wrap-fetch.ts";

/** Shared by all copies of the package in a process: one span per call, however often it was loaded. */
const WRAPPED = Symbol.for("lensai.instrumented_fetch");

/**
 * Observes `globalThis.fetch` from now on. A second call changes nothing. Answers with a function that puts
 * the original back, unless somebody else has replaced it since.
 */
export function instrumentFetch(options: FetchOptions = {}): () => void {
  const { tracer, guard, content } = options;
  return instrumentFetchFor(new CallObserver(tracer, guard, { content }), options);
}

/** The same for a process that observes other transports as well. */
export function instrumentFetchFor(
  calls: CallObserver,
  options: Pick<FetchOptions, "asksForStreamUsage">,
): () => void {
  const original = globalThis.fetch;
  if (typeof original !== "function" || Object.hasOwn(original, WRAPPED)) return () => {};
  const wrapped = observedFetch(original, calls, options);
  Object.defineProperty(wrapped, WRAPPED, { value: true });
  globalThis.fetch = wrapped;
  return () => {
    if (globalThis.fetch === wrapped) globalThis.fetch = original;
  };
}
