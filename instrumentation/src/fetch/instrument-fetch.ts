import { wrapFetch } from "./wrap-fetch.ts";
import type { FetchOptions } from "./wrap-fetch.ts";

/** Shared by all copies of the package in a process: one span per call, however often it was loaded. */
const WRAPPED = Symbol.for("lensai.instrumented_fetch");

/**
 * Observes `globalThis.fetch` from now on. A second call changes nothing. Answers with a function that puts
 * the original back, unless somebody else has replaced it since.
 */
export function instrumentFetch(options: FetchOptions = {}): () => void {
  const original = globalThis.fetch;
  if (typeof original !== "function" || Object.hasOwn(original, WRAPPED)) return () => {};
  const wrapped = wrapFetch(original, options);
  Object.defineProperty(wrapped, WRAPPED, { value: true });
  globalThis.fetch = wrapped;
  return () => {
    if (globalThis.fetch === wrapped) globalThis.fetch = original;
  };
}
