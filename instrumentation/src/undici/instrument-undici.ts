import diagnostics from "node:diagnostics_channel";
import type { CallObserver } from "../calls/call-observer.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { isOfInterest } from "../wire/call-target.ts";
import { FetchedExchange } from "./fetched-exchange.ts";
import { UndiciExchange } from "./undici-exchange.ts";
import type { Exchange } from "./undici-exchange.ts";
import { urlOf } from "./undici-request.ts";
import type { UndiciRequest } from "./undici-request.ts";

/** Shared by all copies of the package in a process. */
const OBSERVED = Symbol.for("lensai.instrumented_undici");

/** What is told of a request is kept with it: a map of all of them would cost every one of them more. */
const EXCHANGE = Symbol("lensai.exchange");

interface Published {
  readonly request: UndiciRequest & { [EXCHANGE]?: Exchange };
  readonly response?: { readonly statusCode: number; readonly headers: unknown };
  readonly error?: unknown;
}

/**
 * Observes requests of undici from now on: of the package (`request`, `stream`, `pipeline`, `fetch`; also of
 * agents, pools and proxies of the application's own) and of the copy that is built into Node. They tell what
 * they do on diagnostics channels; the bytes of an answer are read where they are handed to the application. A
 * second call changes nothing. Answers with a function that stops it.
 */
export function instrumentUndici(calls: CallObserver): () => void {
  const shared = globalThis as { [OBSERVED]?: boolean };
  if (shared[OBSERVED] === true) return () => {};
  shared[OBSERVED] = true;
  const begin = (request: UndiciRequest): Exchange | undefined => {
    if (request.method !== "POST" && !isCandidate(request)) return undefined;
    const whole = calls.partOfSending("undici", request.path);
    if (whole !== undefined) return new FetchedExchange(request, whole);
    return isCandidate(request) ? new UndiciExchange(request, calls) : undefined;
  };
  const listeners: Readonly<Record<string, (message: Published) => void>> = {
    "undici:request:create": ({ request }) => {
      const exchange = begin(request);
      if (exchange !== undefined) request[EXCHANGE] = exchange;
    },
    "undici:request:bodySent": ({ request }) => request[EXCHANGE]?.sent(),
    "undici:request:headers": ({ request, response }) => {
      if (response !== undefined) request[EXCHANGE]?.answered(response);
    },
    "undici:request:trailers": ({ request }) => request[EXCHANGE]?.ended(),
    "undici:request:error": ({ request, error }) => request[EXCHANGE]?.failed(error),
  };
  const subscribed = Object.entries(listeners).map(([name, listener]) => {
    const subscriber = (message: unknown): void => {
      neverThrow("observing undici", () => listener(message as Published));
    };
    diagnostics.subscribe(name, subscriber);
    return () => diagnostics.unsubscribe(name, subscriber);
  });
  return () => {
    for (const unsubscribe of subscribed) unsubscribe();
    delete shared[OBSERVED];
  };
}

/** By its path alone, for every request that the process makes. */
function isCandidate(request: UndiciRequest): boolean {
  return isOfInterest(request.method, urlOf(request)?.pathname ?? "");
}
