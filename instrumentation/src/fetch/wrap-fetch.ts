import { context, trace } from "@opentelemetry/api";
import type { Attributes, Tracer } from "@opentelemetry/api";
import { CallSpan } from "../spans/call-span.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION } from "../spans/scope.ts";
import { recogniseCall } from "../wire/recognise-call.ts";
import { refusesStreamUsage, withStreamUsage } from "../wire/stream-usage-option.ts";
import { readFetchRequest, requestBodyOf, withBody } from "./fetch-request.ts";
import type { Fetch, FetchArguments, FetchRequest } from "./fetch-request.ts";
import { observedResponse } from "./observed-response.ts";

export interface FetchOptions {
  /** Where spans are made; the global tracer provider's when absent, also one that is registered later. */
  readonly tracer?: Tracer | (() => Tracer);
  /** Ask for the usage of OpenAI chat streams that would not report it (default), and hide it again. */
  readonly asksForStreamUsage?: boolean;
}

/** A call that is being made. */
interface Attempt {
  readonly span: CallSpan;
  readonly args: FetchArguments;
  /** The arguments ask for usage that the caller did not ask for. */
  readonly isUsageAsked: boolean;
}

/**
 * A `fetch` that makes a span of every call of a model and is otherwise the given one: same results, same
 * errors, same streams. Requests that are no such calls go straight through.
 */
export function wrapFetch(fetch: Fetch, options: FetchOptions = {}): Fetch {
  const observer = new FetchObserver(fetch, options);
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
  readonly #options: FetchOptions;
  readonly #refusing = new Set<string>();

  constructor(fetch: Fetch, options: FetchOptions) {
    this.#fetch = fetch;
    this.#options = options;
  }

  fetch(self: unknown, args: FetchArguments): Promise<Response> {
    const request = neverThrow("reading a request", () => readFetchRequest(args));
    if (request === undefined) return this.#pass(self, args);
    const body = neverThrow("copying a request", () => requestBodyOf(args));
    if (body === undefined) return this.#observe(self, args, request);
    return body.then(
      (text) => this.#observe(self, args, { ...request, body: text }),
      () => this.#pass(self, args),
    );
  }

  #pass(self: unknown, args: FetchArguments): Promise<Response> {
    return Reflect.apply(this.#fetch, self, args);
  }

  #observe(self: unknown, args: FetchArguments, request: FetchRequest): Promise<Response> {
    const attempt = neverThrow("starting a span", () => this.#start(args, request));
    if (attempt === undefined) return this.#pass(self, args);
    return this.#run(self, args, { attempt, origin: request.url.origin });
  }

  #start(args: FetchArguments, request: FetchRequest): Attempt | undefined {
    const call = recogniseCall(request);
    if (call === undefined) return undefined;
    const span = CallSpan.start(this.#tracer(), call, resendAttributes(request.headers));
    if (span === undefined) return undefined;
    const asking = call.lacksStreamUsage
      ? neverThrow("asking for usage", () => this.#askForUsage(args, request))
      : undefined;
    return { span, args: asking ?? args, isUsageAsked: asking !== undefined };
  }

  #tracer(): Tracer {
    const { tracer } = this.#options;
    if (tracer === undefined)
      return trace.getTracer(INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION);
    return typeof tracer === "function" ? tracer() : tracer;
  }

  #askForUsage(
    args: FetchArguments,
    { body, headers, url }: FetchRequest,
  ): FetchArguments | undefined {
    const isWelcome = this.#options.asksForStreamUsage !== false && !this.#refusing.has(url.origin);
    const asking = isWelcome && body !== undefined ? withStreamUsage(body) : undefined;
    return asking === undefined ? undefined : withBody(args, headers, asking);
  }

  async #run(
    self: unknown,
    original: FetchArguments,
    { attempt, origin }: { attempt: Attempt; origin: string },
  ): Promise<Response> {
    const { span, args } = attempt;
    let { isUsageAsked } = attempt;
    const send = (sent: FetchArguments): Promise<Response> =>
      context.with(span.context(), () => this.#pass(self, sent));
    let response: Response;
    try {
      response = await send(args);
      if (isUsageAsked && (await isRefusalOfTheOption(response))) {
        // Nothing was billed for it, and the application must see the answer to what it asked.
        if (this.#refusing.size < REFUSING_ORIGINS_MAX) this.#refusing.add(origin);
        isUsageAsked = false;
        response = await send(original);
      }
    } catch (error) {
      neverThrow("ending a span", () => span.fail(error));
      throw error;
    }
    const isUsageHidden = isUsageAsked;
    return (
      neverThrow("observing an answer", () =>
        observedResponse(response, span, { isUsageHidden }),
      ) ?? response
    );
  }
}

async function isRefusalOfTheOption(response: Response): Promise<boolean> {
  if (!refusesStreamUsage(response.status, "stream_options")) return false;
  try {
    return refusesStreamUsage(response.status, await response.clone().text());
  } catch {
    return false;
  }
}

/** The SDKs of OpenAI and Anthropic say in a header how often they have sent the same request before. */
function resendAttributes(headers: Headers): Attributes {
  const count = Number(headers.get("x-stainless-retry-count") ?? "0");
  return Number.isInteger(count) && count > 0 ? { "http.request.resend_count": count } : {};
}
