import { context } from "@opentelemetry/api";
import type { GuardedCall } from "../guard/guarded-call.ts";
import type { RefusalError } from "../guard/refusal.ts";
import { isRefusal } from "../spans/call-span.ts";
import type { CallSpan } from "../spans/call-span.ts";
import { neverThrow } from "../spans/never-throw.ts";
import type { WireCall } from "../wire/recognise-call.ts";
import { createResponseFacts } from "../wire/response-facts.ts";
import type { ObservationProblem } from "../wire/response-facts.ts";
import { SseReader, createResponseReader } from "../wire/response-reader.ts";
import type { HeaderReader } from "../wire/response-facts.ts";
import { hidingObserver, meteredObserver, readingObserver } from "./answer-observer.ts";
import type { AnswerObserver } from "./answer-observer.ts";
import type { LowerRequests } from "./lower-requests.ts";

/** What comes before the body of an answer. */
export interface AnswerHead {
  readonly status: number;
  readonly header: HeaderReader;
}

/**
 * One request to a provider, from before it is sent until its answer was read. Its transport says what
 * happens; of the rest, a transport knows nothing. None of it throws.
 */
export class Attempt {
  readonly #span: CallSpan;
  readonly #lower: LowerRequests;
  readonly #guarded: GuardedCall | undefined;
  #isUnanswered = true;

  constructor(span: CallSpan, lower: LowerRequests, guarded?: GuardedCall) {
    this.#span = span;
    this.#lower = lower;
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

  get call(): WireCall {
    return this.#span.call;
  }

  /** Has neither an answer nor an error come? */
  get isUnanswered(): boolean {
    return this.#isUnanswered;
  }

  /** Sends the request inside of its span: what is below is part of it. */
  run<T>(send: () => T): T {
    const inside = neverThrow("entering a span", () =>
      this.#lower.inside(this, this.#span.context()),
    );
    return inside === undefined ? send() : context.with(inside, send);
  }

  /** The answer, or an error, has come, if only on a lower level: what is sent from now on is another request. */
  settled(): void {
    this.#isUnanswered = false;
    this.#lower.remove(this);
  }

  /** There is no answer: `error` is what the application gets. */
  failed(error: unknown): void {
    this.settled();
    neverThrow("ending a span", () => this.#span.fail(error));
  }

  /**
   * The answer has begun: what is to be told of its body. Undefined when nothing of it is read, as of a
   * refusal; then the attempt has ended. With `isUsageHidden`, the answer reports usage that the application
   * did not ask for.
   */
  answered(head: AnswerHead, { isUsageHidden = false } = {}): AnswerObserver | undefined {
    this.settled();
    return neverThrow("observing an answer", () => this.#observe(head, isUsageHidden));
  }

  /** The answer has begun, and will not be read for this reason. */
  unread(problem: ObservationProblem): void {
    neverThrow("ending a span", () => this.#span.complete({ ...createResponseFacts(), problem }));
  }

  /** Nobody will read the answer, or not on. */
  abandon(): void {
    neverThrow("ending the span of an unread answer", () => this.#span.abandon());
  }

  #observe({ status, header }: AnswerHead, isUsageHidden: boolean): AnswerObserver | undefined {
    if (isRefusal(status)) {
      this.#span.refuse(status);
      return undefined;
    }
    const reader = createResponseReader(this.call, header);
    if (reader === undefined) {
      this.unread("content_type_unknown");
      return undefined;
    }
    this.#span.captureAnswer(reader.facts);
    const reading =
      isUsageHidden && reader instanceof SseReader
        ? hidingObserver(this.#span, reader)
        : readingObserver(this.#span, reader);
    const observer =
      this.#guarded?.isMetered === true ? meteredObserver(reading, reader, this.#guarded) : reading;
    this.#span.onAbandon = observer.cancel;
    return observer;
  }
}
