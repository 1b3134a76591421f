import type { GuardedCall } from "../guard/guarded-call.ts";
import type { RefusalError } from "../guard/refusal.ts";
import { isRefusal } from "../spans/call-span.ts";
import { neverThrow } from "../spans/never-throw.ts";
import type { WireCall } from "../wire/recognise-call.ts";
import { createResponseFacts } from "../wire/response-facts.ts";
import type { ObservationProblem } from "../wire/response-facts.ts";
import { isEventStream } from "../wire/response-reader.ts";
import type { HeaderReader } from "../wire/response-facts.ts";
import {
  hidingObserver,
  lateObserver,
  meteredObserver,
  readingObserver,
} from "./answer-observer.ts";
import type { AnswerDecoding, AnswerObserver } from "./answer-observer.ts";
import { atOnce } from "./later.ts";
import type { Later } from "./later.ts";
import type { LowerRequests } from "./lower-requests.ts";
import type { ObservedCall } from "./observed-call.ts";
import { SendingContext } from "./sending-context.ts";
import { runInContext } from "../telemetry/global-api.ts";

interface AnswerOptions {
  /** The answer reports usage that the application did not ask for. */
  readonly isUsageHidden?: boolean;
  /** Of bytes that the transport sees encoded; then nothing is hidden. */
  readonly decoding?: AnswerDecoding | undefined;
}

/** What comes before the body of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly header: HeaderReader;
}

export interface AttemptParts {
  readonly lower: LowerRequests;
  readonly later: Later;
  /** Told when the request is on its way: from now on the application waits for the network. */
  readonly onSent: (() => void) | undefined;
  readonly guarded: GuardedCall | undefined;
}

/**
 * One request to a provider, from before it is sent until its answer was read. Its transport says what
 * happens; of the rest, a transport knows nothing. None of it throws.
 */
export class Attempt {
  readonly #span: ObservedCall;
  readonly #lower: LowerRequests;
  readonly #guarded: GuardedCall | undefined;
  readonly #later: Later;
  readonly #onSent: (() => void) | undefined;
  #isUnanswered = true;
  #isReadBelow = false;
  #mayBeReadBelow = false;
  #isUsageHidden = false;
  #abortion: AbortSignal | undefined;
  /** Observes an answer in passing, whatever its head will be. */
  #passing: AnswerObserver | undefined;
  #answer: { readonly head: AnswerHead; readonly decoding: AnswerDecoding | undefined } | undefined;

  constructor(span: ObservedCall, { lower, later, onSent, guarded }: AttemptParts) {
    this.#span = span;
    this.#lower = lower;
    this.#later = later;
    this.#onSent = onSent;
    this.#guarded = guarded;
  }

  /** Why the request must not be sent; then the attempt has ended. */
  get refusal(): RefusalError | undefined {
    return this.#guarded?.refusal;
  }

  /** What is to be sent in place of the request's JSON body, if anything. */
  get clampedBody(): string | undefined {
    return this.#guarded?.clampedBody;
  }

  /** Asked before the request is sent, only of one that was read. */
  get call(): WireCall | undefined {
    return this.#span.call;
  }

  /** Is it a stream that will not report its usage, as far as it was read? */
  get lacksStreamUsage(): boolean {
    return this.#span.lacksStreamUsage;
  }

  /** Has neither an answer nor an error come? */
  get isUnanswered(): boolean {
    return this.#isUnanswered;
  }

  /** The request is on its way: what its answer needs is made ready while nobody waits for it. */
  sent(): void {
    this.#prepare();
    this.#onSent?.();
  }

  #prepare(): void {
    this.#passing ??= neverThrow("observing an answer", () => this.#observedInPassing());
  }

  /** Sends the request inside of its span: what is below is part of it. */
  run<T>(send: () => T): T {
    return runInContext(new SendingContext(this, this.#span), send);
  }

  /**
   * The transport leaves reading the answer to a lower one, if that can. `abortion` is what the application may end
   * the request with: ended without it, nobody wanted to read on. `isUsageHidden` as in `answered`.
   */
  leaveBelow(abortion: AbortSignal | undefined, { isUsageHidden = false } = {}): void {
    this.#mayBeReadBelow = true;
    this.#abortion = abortion;
    this.#isUsageHidden = isUsageHidden;
  }

  /** The answer, or an error, has come, if only on a lower level: what is sent from now on is another request. */
  settled(): void {
    this.#isUnanswered = false;
    this.#lower.remove(this);
  }

  /** There is no answer: `error` is what the application gets. */
  failed(error: unknown, { isSent = true } = {}): void {
    this.settled();
    neverThrow("ending a span", () => this.#span.fail(error, { isSent }));
  }

  /**
   * The answer has begun: what is to be told of its body. Undefined when nothing of it is read, as of a
   * refusal; then the attempt has ended.
   */
  answered(
    head: AnswerHead,
    { isUsageHidden = false, decoding }: AnswerOptions = {},
  ): AnswerObserver | undefined {
    this.settled();
    const later = this.#span.canWait ? this.#later : atOnce;
    const observer = this.#observed(() => {
      const reading = this.#observe(head, later);
      return reading && (decoding?.asTheyCome(reading) ?? reading);
    });
    return isUsageHidden && decoding === undefined ? hiding(observer, head) : observer;
  }

  /**
   * The same for a transport that sees bytes without standing in their way: of most answers, nothing is read before the
   * application has them.
   */
  answeredInPassing(head: AnswerHead, options: AnswerOptions = {}): AnswerObserver | undefined {
    // What is refused may be sent again before anything is done later.
    if (this.#guarded?.isMetered === true || isRefusal(head.status))
      return this.answered(head, options);
    const { isUsageHidden = false, decoding } = options;
    this.settled();
    this.#answer = { head, decoding };
    this.#prepare();
    return isUsageHidden && decoding === undefined ? hiding(this.#passing, head) : this.#passing;
  }

  #observedInPassing(): AnswerObserver {
    const later = this.#span.canWait ? this.#later : atOnce;
    const observe = (): AnswerObserver | undefined =>
      neverThrow("observing an answer", () => {
        const reading = this.#answer && this.#observe(this.#answer.head, atOnce);
        return reading && (this.#answer?.decoding?.afterwards(reading) ?? reading);
      });
    const observer = lateObserver(this.#span, observe, later);
    this.#span.onAbandon = observer.cancel;
    return observer;
  }

  /**
   * The same on a lower level than that of the attempt's transport, which passes on what the observer answers with.
   * Undefined when the transport itself has to read it.
   */
  answeredBelow(head: AnswerHead, decoding?: AnswerDecoding): AnswerObserver | undefined {
    if (!this.#mayBeReadBelow || this.#guarded?.isMetered === true) return undefined;
    // A refusal may be about the usage that was asked for: then the transport sends another request.
    const isUsageHidden = this.#isUsageHidden;
    if (isUsageHidden && (isRefusal(head.status) || decoding !== undefined)) return undefined;
    this.#isReadBelow = true;
    return this.answeredInPassing(head, { isUsageHidden, decoding });
  }

  /** Has the application ended the request, and not only its interest in the answer? */
  get isAborted(): boolean {
    return this.#abortion?.aborted === true;
  }

  /** Is its answer read on a lower level? Then there is nothing to be done with the body. */
  get isReadBelow(): boolean {
    return this.#isReadBelow;
  }

  /** The answer has begun, and will not be read for this reason. */
  unread(problem: ObservationProblem): void {
    neverThrow("ending a span", () => this.#span.complete({ ...createResponseFacts(), problem }));
  }

  /** Nobody will read the answer, or not on. */
  abandon(): void {
    neverThrow("ending the span of an unread answer", () => this.#span.abandon());
  }

  #observed(observe: () => AnswerObserver | undefined): AnswerObserver | undefined {
    const observer = neverThrow("observing an answer", observe);
    this.#span.onAbandon = observer?.cancel;
    return observer;
  }

  #observe({ status, header }: AnswerHead, later: Later): AnswerObserver | undefined {
    if (isRefusal(status)) {
      this.#span.refuse(status);
      return undefined;
    }
    const reader = this.#span.readerOf(header);
    if (reader === undefined) return undefined;
    const reading = readingObserver(this.#span, reader, later);
    return this.#guarded?.isMetered === true
      ? meteredObserver(reading, reader, this.#guarded)
      : reading;
  }
}

/** Also of an answer that nobody wants to know of: the application gets what it asked for. */
function hiding(
  observer: AnswerObserver | undefined,
  { status, header }: AnswerHead,
): AnswerObserver | undefined {
  return isRefusal(status) || !isEventStream(header) ? observer : hidingObserver(observer);
}
