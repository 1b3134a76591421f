import { isSpanContextValid, trace } from "@opentelemetry/api";
import type { Context, Tracer } from "@opentelemetry/api";
import type { ContentCapture } from "../content/content-capture.ts";
import type { GuardedCall } from "../guard/guarded-call.ts";
import type { Guard, GuardedRequest } from "../guard/guard.ts";
import { attributionOf } from "../manual/attribution.ts";
import { CallSpan } from "../spans/call-span.ts";
import type { CallPast } from "../spans/call-span.ts";
import { neverThrow } from "../spans/never-throw.ts";
import { DEFERRED_SCOPE, INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION } from "../spans/scope.ts";
import type { CallTarget } from "../wire/call-target.ts";
import { recogniseCall, targetOf } from "../wire/recognise-call.ts";
import type { WireCall, WireRequest } from "../wire/recognise-call.ts";
import { readRequestBody } from "../wire/request-body.ts";
import type { RequestBody } from "../wire/request-body.ts";
import { deferredSourceAt } from "../wire/deferred/deferred-sources.ts";
import type { HeaderReader } from "../wire/response-facts.ts";
import { Attempt } from "./attempt.ts";
import { DeferredAnswers } from "./deferred/deferred-answers.ts";
import { FetchedAnswers } from "./deferred/fetched-answers.ts";
import { FailedAttempts } from "./failed-attempts.ts";
import type { Resend, SentRequest } from "./failed-attempts.ts";
import { atOnce } from "./later.ts";
import type { Later } from "./later.ts";
import { LowerRequests } from "./lower-requests.ts";
import type { LowerRequest, Transport } from "./lower-requests.ts";
import { RequestedCall } from "./requested-call.ts";
import { sendingAttempt } from "./sending-context.ts";
import { isSigned } from "./signed-request.ts";
import { activeContext, tracerOf } from "../telemetry/global-api.ts";

/**
 * How long a call is held back for a lease, at most: longer than the ledger is waited for, so that the fail mode of
 * the budget decides and not the clock; longer than leases go without being renewed, so that every process has
 * given back by then what it does not need; and about as long as a call takes, so that many that ran have ended.
 */
const LEASE_WAIT_MAX_MS = 10_000;

/** A request that could be a call of a model, as its transport has it. */
export interface CallRequest
  extends WireRequest, LowerRequest, Pick<Partial<GuardedRequest>, "isCuttable" | "isStoppable"> {
  /** The transport has the body whole and can send another one; not when the caller has signed it. */
  readonly isBodyChangeable?: boolean;
  readonly header: HeaderReader;
  /** Told of the attempt that the request is only a part of. */
  readonly onPartOf?: (attempt: Attempt) => void;
}

export interface CallObserverOptions {
  /** Puts what models are asked and answer on spans; nothing of it when absent. */
  readonly content?: ContentCapture | undefined;
  /** Spans of answers that are fetched later are made by it: of another scope, as they are of calls that were told. */
  readonly deferredTracer?: (() => Tracer) | undefined;
  /** When calls are described that are over; at once when absent. */
  readonly later?: Later;
  /** The same for those that are charged to budgets, where others wait for what is left. */
  readonly soon?: Later;
  /** Told when a request is on its way. */
  readonly onSent?: () => void;
}

/** A request that was read before it is sent. */
interface ReadRequest {
  readonly call: WireCall;
  readonly body: RequestBody;
}

interface Beginning {
  /** What the call is made in. */
  readonly parent: Context;
  readonly guarded?: GuardedCall | undefined;
}

/** The one place where calls begin, whatever they are sent with: every transport is an adapter of it. */
export class CallObserver {
  readonly #tracer: () => Tracer;
  readonly #guard: Guard | undefined;
  readonly #content: ContentCapture | undefined;
  readonly #later: Later;
  readonly #soon: Later;
  readonly #onSent: (() => void) | undefined;
  readonly #lower = new LowerRequests();
  readonly #failed = new FailedAttempts();
  readonly #deferred: DeferredAnswers;
  #hasAskedForTracer = false;

  /** Spans are made by the tracer of the global provider when none is given, also of one that is registered later. */
  constructor(
    tracer: Tracer | (() => Tracer) = globalTracer,
    guard?: Guard,
    { content, deferredTracer, later = atOnce, soon = later, onSent }: CallObserverOptions = {},
  ) {
    this.#tracer = typeof tracer === "function" ? tracer : () => tracer;
    this.#guard = guard;
    this.#content = content;
    this.#deferred = new DeferredAnswers(deferredTracer ?? deferredTracerOf(tracer));
    this.#later = later;
    this.#soon = soon;
    this.#onSent = onSent;
  }

  /** Whether any call could be stopped now: a transport that has to hold requests back for that need not before. */
  get canStop(): boolean {
    return this.#guard?.hasRules === true;
  }

  /**
   * The attempt of a higher transport that a request of a lower one is without a doubt, which it then is no longer
   * looked for. It costs nothing where there is none.
   */
  partOfSending(transport: Transport, path: string): Attempt | undefined {
    return this.#lower.takeSending(transport, path);
  }

  /**
   * Before a request is sent: the attempt that it is, in the active context. Undefined when it is no call of a
   * model, part of an attempt that is known, or nobody wants to know of it. Never throws.
   */
  start(request: CallRequest): Attempt | undefined {
    if (request.method === "GET") return this.#fetching(request);
    return neverThrow("starting a span", () => {
      const parent = activeContext();
      const target = this.#targetToReadLater(request, parent);
      if (target !== undefined)
        return this.#begun(request, RequestedCall.unread(request, target), { parent });
      const read = this.#read(request);
      return (
        read &&
        this.#begun(request, RequestedCall.known(read.call), {
          parent,
          guarded: this.#decide(request, read, false),
        })
      );
    });
  }

  /** The same for a transport that can hold the request back: now, or when the ledger has answered. Never rejects. */
  startInTime(request: CallRequest): Attempt | undefined | Promise<Attempt | undefined> {
    if (request.method === "GET") return this.#fetching(request);
    return neverThrow("starting a span", () => {
      const parent = activeContext();
      const target = this.#targetToReadLater(request, parent);
      if (target !== undefined)
        return this.#begun(request, RequestedCall.unread(request, target), { parent });
      const read = this.#read(request);
      if (read === undefined) return undefined;
      const unknownUntil = this.#guard?.unknownUntil;
      if (unknownUntil !== undefined) return unknownUntil.then(() => this.startInTime(request));
      const guarded = this.#decide(request, read, true);
      if (guarded?.answer === undefined)
        return this.#begun(request, RequestedCall.known(read.call), { parent, guarded });
      return this.#startLater(request, read, guarded.answer);
    });
  }

  /** Answers that were asked for before: nothing of it is charged or stopped, and it is no call itself. */
  #fetching(request: CallRequest): Attempt | undefined {
    return neverThrow("looking for answers", () => {
      const { url } = request;
      const source = deferredSourceAt(url.pathname);
      if (source === undefined || this.#wholeOf(request) !== undefined) return undefined;
      const name = source.path.exec(url.pathname)?.groups?.["name"] ?? "";
      const fetched = new FetchedAnswers(this.#deferred, source, {
        url,
        name,
        parent: activeContext(),
      });
      const attempt = new Attempt(fetched, {
        lower: this.#lower,
        later: this.#later,
        onSent: this.#onSent,
        guarded: undefined,
      });
      this.#lower.add(attempt, request);
      return attempt;
    });
  }

  /** Where a request goes that could be a call, and whose body nobody has to read before it is sent. */
  #targetToReadLater(request: CallRequest, parent: Context): CallTarget | undefined {
    // Whether it is a part of another request is to be known at once.
    if (this.#guard?.decides === true || request.isContextLost === true) return undefined;
    return sendingAttempt(parent) === undefined ? targetOf(request) : undefined;
  }

  /** Undefined when the request is no call, or a part of one that is known. */
  #read(request: CallRequest): ReadRequest | undefined {
    // What an attempt sends was read when the attempt began: parsing it again is most of what it costs.
    const isKnown = this.#lower.isSurelyPart(request);
    const read = isKnown ? undefined : readRequest(request);
    if (read === undefined && !isKnown) return undefined;
    return this.#wholeOf(request) === undefined ? read : undefined;
  }

  /** The attempt that the request is a part of, which its transport is told. */
  #wholeOf(request: CallRequest): Attempt | undefined {
    const whole = this.#lower.partOf(request);
    if (whole !== undefined) request.onPartOf?.(whole);
    return whole;
  }

  #decide(
    request: CallRequest,
    { call, body }: ReadRequest,
    canWait: boolean,
  ): GuardedCall | undefined {
    return this.#guard?.decide(
      call,
      {
        body,
        isBodyChangeable: request.isBodyChangeable === true && !isSigned(request.header),
        isCuttable: request.isCuttable === true,
        isStoppable: request.isStoppable === true,
        canWait,
      },
      () => attributionOf(activeContext()),
    );
  }

  async #startLater(
    request: CallRequest,
    read: ReadRequest,
    firstAnswer: Promise<void>,
  ): Promise<Attempt | undefined> {
    const untilMs = performance.now() + LEASE_WAIT_MAX_MS;
    let answer: Promise<void> | undefined = firstAnswer;
    let guarded: GuardedCall | undefined;
    while (answer !== undefined) {
      const leftMs = untilMs - performance.now();
      await within(answer, leftMs);
      guarded = this.#decide(request, read, leftMs > 0);
      ({ answer } = guarded ?? {});
    }
    return neverThrow("starting a span", () =>
      this.#begun(request, RequestedCall.known(read.call), { parent: activeContext(), guarded }),
    );
  }

  #begun(request: CallRequest, call: RequestedCall, how: Beginning): Attempt | undefined {
    const attempt = this.#begin(request, call, how);
    if (attempt !== undefined && attempt.refusal === undefined) this.#lower.add(attempt, request);
    return attempt;
  }

  #begin(
    request: CallRequest,
    call: RequestedCall,
    { parent, guarded }: Beginning,
  ): Attempt | undefined {
    // An SDK that starts with the first call brings the context that this call is sent in.
    if (!this.#hasAskedForTracer) {
      this.#hasAskedForTracer = true;
      neverThrow("starting a span", this.#tracer);
    }
    let resend: Resend | undefined;
    const past = (): CallPast => {
      const find = (): Resend => this.#failed.resendOf(sentRequestOf(request, parent));
      resend = neverThrow("looking for an earlier attempt", find);
      return pastOf(resend);
    };
    const span = CallSpan.start(call, { tracer: this.#tracer, parent, past, guarded });
    if (span === undefined) return undefined;
    const content = this.#content;
    if (content !== undefined) span.capture(({ api }) => content.begin(api, request.body));
    span.onFailure = (failed) => {
      this.#failed.add(sentRequestOf(request, parent), failed, resend?.count ?? 0);
    };
    if (guarded?.refusal !== undefined) neverThrow("ending a span", () => span.stop());
    const later = guarded === undefined ? this.#later : this.#soon;
    return new Attempt(span, { lower: this.#lower, later, onSent: this.#onSent, guarded });
  }
}

function readRequest(request: CallRequest): ReadRequest | undefined {
  const body = readRequestBody(request);
  const call = recogniseCall(request, body);
  return call && { call, body };
}

/** Resolves with the work, and after this long in any case. */
async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, timeoutMs));
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}

function sentRequestOf({ method, url, body, header }: CallRequest, parent: Context): SentRequest {
  const { traceId } = trace.getSpanContext(parent) ?? {};
  return { method, url, body, header, traceId };
}

function pastOf({ count, previous }: Resend = { count: 0, previous: undefined }): CallPast {
  return {
    attributes: count > 0 ? { "http.request.resend_count": count } : {},
    links: previous !== undefined && isSpanContextValid(previous) ? [{ context: previous }] : [],
  };
}

function globalTracer(): Tracer {
  return tracerOf(INSTRUMENTATION_SCOPE, INSTRUMENTATION_VERSION);
}

function deferredTracerOf(tracer: Tracer | (() => Tracer)): () => Tracer {
  if (tracer === globalTracer) return () => tracerOf(DEFERRED_SCOPE, INSTRUMENTATION_VERSION);
  return typeof tracer === "function" ? tracer : () => tracer;
}
