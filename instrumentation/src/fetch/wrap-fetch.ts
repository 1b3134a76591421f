import type { Tracer } from "@opentelemetry/api";
import type { Attempt } from "../calls/attempt.ts";
import { CallObserver } from "../calls/call-observer.ts";
import type { ContentCapture } from "../content/content-capture.ts";
import type { Guard } from "../guard/guard.ts";
import { neverThrow } from "../spans/never-throw.ts";
import {
  mayRefuseStreamUsage,
  refusesStreamUsage,
  withStreamUsage,
} from "../wire/stream-usage-option.ts";
import { readFetchRequest, requestBodyOf, signalOf, withBody } from "./fetch-request.ts";
import type { Fetch, FetchArguments, FetchRequest } from "./fetch-request.ts";
import { observedResponse } from "./observed-response.ts";
import { refusedFetch } from "./refused-response.ts";

export interface FetchOptions {
  /** Where spans are made; the global tracer provider's when absent, also one that is registered later. */
  readonly tracer?: Tracer | (() => Tracer);
  /** Ask for the usage of OpenAI chat streams that would not report it (default), and hide it again. */
  readonly asksForStreamUsage?: boolean;
  /** Stops calls before they are made. */
  readonly guard?: Guard;
  /** Puts what models are asked and answer on spans, masked; nothing of it when absent. */
  readonly content?: ContentCapture;
}

/** A call whose usage is asked for, which its caller did not. */
interface Asking {
  readonly attempt: Attempt;
  readonly asking: FetchArguments;
  readonly origin: string;
}

/**
 * A `fetch` that makes a span of every call of a model and is otherwise the given one: same results, same
 * errors, same streams. Requests that are no such calls go straight through.
 */
export function wrapFetch(fetch: Fetch, options: FetchOptions = {}): Fetch {
  const { tracer, guard, content } = options;
  return observedFetch(fetch, new CallObserver(tracer, guard, { content }), options);
}

/** The same for a process that observes other transports as well. */
export function observedFetch(
  fetch: Fetch,
  calls: CallObserver,
  options: Pick<FetchOptions, "asksForStreamUsage">,
): Fetch {
  const observer = new FetchObserver(fetch, calls, options.asksForStreamUsage !== false);
  const wrapped = function (this: unknown, ...args: FetchArguments): Promise<Response> {
    return observer.fetch(this, args);
  };
  // Libraries look at the name, and some runtimes hang functions on it.
  return Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(fetch));
}

/** Servers that refuse the option for usage: few, and asked only once each. */
const REFUSING_ORIGINS_MAX = 100;

class FetchObserver {
  readonly #fetch: Fetch;
  readonly #calls: CallObserver;
  readonly #asksForUsage: boolean;
  readonly #refusing = new Set<string>();

  constructor(fetch: Fetch, calls: CallObserver, asksForUsage: boolean) {
    this.#fetch = fetch;
    this.#calls = calls;
    this.#asksForUsage = asksForUsage;
  }

  fetch(self: unknown, args: FetchArguments): Promise<Response> {
    const request = neverThrow("reading a request", () => readFetchRequest(args));
    if (request === undefined) return this.#pass(self, args);
    const body =
      request.body === undefined
        ? neverThrow("copying a request", () => requestBodyOf(args))
        : undefined;
    if (body === undefined) return this.#observe(self, args, request);
    return body.then(
      (text) => this.#observe(self, args, { ...request, body: text, isBodyChangeable: true }),
      () => this.#pass(self, args),
    );
  }

  #pass(self: unknown, args: FetchArguments): Promise<Response> {
    return Reflect.apply(this.#fetch, self, args);
  }

  #observe(self: unknown, args: FetchArguments, request: FetchRequest): Promise<Response> {
    const attempt = this.#calls.startInTime(request);
    if (attempt instanceof Promise) return this.#sendLater(self, args, request, attempt);
    return this.#send(self, args, request, attempt);
  }

  // Flat, as below.
  // oxlint-disable-next-line max-params
  async #sendLater(
    self: unknown,
    args: FetchArguments,
    request: FetchRequest,
    attempt: Promise<Attempt | undefined>,
  ): Promise<Response> {
    const signal = signalOf(args);
    const decided = await unlessAborted(attempt, signal);
    if (signal?.aborted !== true) return this.#send(self, args, request, decided);
    // Not sent: it fails as it would have without waiting, and at once.
    void attempt.then((late) => late?.failed(signal.reason, { isSent: false }));
    return this.#pass(self, args);
  }

  // Flat: what is sent, and what was decided about it.
  // oxlint-disable-next-line max-params
  #send(
    self: unknown,
    args: FetchArguments,
    request: FetchRequest,
    attempt: Attempt | undefined,
  ): Promise<Response> {
    const { header, url } = request;
    if (attempt === undefined) return this.#pass(self, args);
    if (attempt.refusal !== undefined) return refusedFetch(attempt.refusal, url);
    const body = attempt.clampedBody ?? request.body;
    const wanted =
      body === request.body || body === undefined
        ? args
        : (neverThrow("clamping a call", () => withBody(args, header, body)) ?? args);
    const asking = attempt.lacksStreamUsage
      ? neverThrow("asking for usage", () => this.#askForUsage(wanted, request, body))
      : undefined;
    attempt.leaveBelow(signalOf(args), { isUsageHidden: asking !== undefined });
    return asking === undefined
      ? this.#sendUnasked(self, wanted, attempt)
      : this.#sendAsking(self, wanted, { attempt, asking, origin: url.origin });
  }

  #askForUsage(
    args: FetchArguments,
    { header, url }: FetchRequest,
    body: string | undefined,
  ): FetchArguments | undefined {
    const isWelcome = this.#asksForUsage && !this.#refusing.has(url.origin);
    const asking = isWelcome && body !== undefined ? withStreamUsage(body) : undefined;
    return asking === undefined ? undefined : withBody(args, header, asking);
  }

  async #sendUnasked(self: unknown, args: FetchArguments, attempt: Attempt): Promise<Response> {
    try {
      const response = await attempt.run(() => this.#pass(self, args));
      return observedResponse(response, attempt, { isUsageHidden: false });
    } catch (error) {
      attempt.failed(error);
      throw error;
    }
  }

  async #sendAsking(
    self: unknown,
    original: FetchArguments,
    { attempt, asking, origin }: Asking,
  ): Promise<Response> {
    try {
      const response = await attempt.run(() => this.#pass(self, asking));
      // Nearly all are no refusal of anything: those do not wait another turn.
      if (!mayRefuseStreamUsage(response.status) || !(await isRefusalOfTheOption(response)))
        return observedResponse(response, attempt, { isUsageHidden: true });
    } catch (error) {
      attempt.failed(error);
      throw error;
    }
    // Nothing was billed for it, and the application must see the answer to what it asked.
    if (this.#refusing.size < REFUSING_ORIGINS_MAX) this.#refusing.add(origin);
    return this.#sendUnasked(self, original, attempt);
  }
}

/** Undefined when the application has ended the request before there was a decision. */
async function unlessAborted<T>(
  decision: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  if (signal === undefined) return decision;
  const over = new AbortController();
  const abortion = new Promise<undefined>((resolve) => {
    const ended = (): void => resolve(undefined);
    signal.addEventListener("abort", ended, { signal: over.signal });
    if (signal.aborted) ended();
  });
  try {
    return await Promise.race([decision, abortion]);
  } finally {
    over.abort();
  }
}

async function isRefusalOfTheOption(response: Response): Promise<boolean> {
  try {
    return refusesStreamUsage(response.status, await response.clone().text());
  } catch {
    return false;
  }
}
