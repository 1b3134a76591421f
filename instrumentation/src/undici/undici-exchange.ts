import type { Context } from "@opentelemetry/api";
import type { AnswerObserver } from "../calls/answer-observer.ts";
import type { Attempt } from "../calls/attempt.ts";
import type { CallObserver, CallRequest } from "../calls/call-observer.ts";
import { fieldsOf } from "../fetch/fetch-request.ts";
import type { RefusalError } from "../guard/refusal.ts";
import { answerDecoding } from "../node/decoded-answer.ts";
import { SentBody } from "../node/sent-body.ts";
import { neverThrow } from "../spans/never-throw.ts";
import type { FormFields } from "../wire/form-fields.ts";
import { REQUEST_CHARACTERS_MAX } from "../wire/request-body.ts";
import { holdBody, replaceBody } from "./held-body.ts";
import { answerWithRefusal } from "./refused-request.ts";
import { answerHeader, contextOf, requestHeader, urlOf } from "./undici-request.ts";
import type { UndiciRequest } from "./undici-request.ts";
import { activeContext, runInContext } from "../telemetry/global-api.ts";

export const FIRST_FINAL_STATUS = 200;
/** From here on undici may send the same request again by itself. */
export const FIRST_REDIRECTION = 300;

/** What is told of a request of undici, in this order. */
export interface Exchange {
  /** Its last byte is on its way. */
  sent(): void;
  answered(head: { readonly statusCode: number; readonly headers: unknown }): void;
  /** The last byte of the answer has come. */
  ended(): void;
  failed(error: unknown): void;
}

/** One request of undici that could be a call of a model, from when it was made. */
export class UndiciExchange implements Exchange {
  readonly #request: UndiciRequest;
  readonly #calls: CallObserver;
  readonly #context: Context;
  readonly #isContextLost: boolean;
  readonly #body = new SentBody(REQUEST_CHARACTERS_MAX);
  #hasStarted = false;
  #attempt: Attempt | undefined;
  #whole: Attempt | undefined;
  #answer: AnswerObserver | undefined;
  /** What the request has failed with. */
  #ended: unknown;

  constructor(request: UndiciRequest, calls: CallObserver) {
    this.#request = request;
    this.#calls = calls;
    const own = contextOf(request);
    this.#isContextLost = own === undefined;
    this.#context = own ?? activeContext();
    const form = fieldsOf(request.body);
    if (request.body instanceof Uint8Array) {
      this.#body.add(request.body);
      this.#startHeld();
    } else if (form !== undefined) this.#start(form, { isStoppable: true });
    // Streams belong to the application: what they bring is read as it is sent.
    else
      seeBody(request, (chunk) => {
        neverThrow("reading a request", () => this.#body.add(chunk));
      });
  }

  sent(): void {
    this.#start();
  }

  answered({ statusCode, headers }: { statusCode: number; headers: unknown }): void {
    // Early hints are no answer.
    if (statusCode < FIRST_FINAL_STATUS) return;
    this.#start();
    if (statusCode < FIRST_REDIRECTION) this.#whole?.settled();
    const header = (name: string): string | undefined => answerHeader(headers, name);
    const head = { status: statusCode, header };
    const decoding = answerDecoding(header("content-encoding"));
    this.#answer = this.#attempt?.answeredInPassing(head, { decoding });
    if (this.#answer !== undefined) seeAnswer(this.#request, this.#answer);
  }

  ended(): void {
    this.#answer?.end();
  }

  failed(error: unknown): void {
    this.#ended = error;
    this.#start();
    if (this.#answer === undefined) this.#attempt?.failed(error);
    else if (isLeft(error)) this.#answer.cancel();
    else this.#answer.fail(error);
  }

  #start(form?: FormFields, { isStoppable = false } = {}): void {
    if (this.#hasStarted) return;
    const attempt = this.#begin((calls, request) => calls.start({ ...request, form, isStoppable }));
    this.#decided(attempt);
  }

  /** The same for one whose body is in memory: it is held back until it is known whether it may be sent. */
  #startHeld(): void {
    let isHeld = false;
    const attempt = this.#begin((calls, request) =>
      calls.startInTime({
        ...request,
        isStoppable: true,
        // Of one that is held, undici has said already how long it is.
        get isBodyChangeable() {
          return !isHeld;
        },
      }),
    );
    if (!(attempt instanceof Promise)) return this.#decided(attempt);
    isHeld = true;
    holdBody(
      this.#request,
      attempt.then((decided) => this.#decidedLate(decided)),
    );
  }

  #begin<T>(start: (calls: CallObserver, request: CallRequest) => T): T | undefined {
    this.#hasStarted = true;
    const request = this.#request;
    const url = urlOf(request);
    if (url === undefined) return undefined;
    const body = this.#body;
    const asked: CallRequest = {
      transport: "undici",
      isContextLost: this.#isContextLost,
      onPartOf: (attempt) => {
        this.#whole = attempt;
      },
      method: request.method,
      url,
      // Not asked for when the request is part of an attempt that is known.
      get body() {
        return body.text();
      },
      get bodyLength() {
        return body.length;
      },
      header: (name) => requestHeader(request, name),
      isCuttable: receiverOf(request) !== undefined,
    };
    return runInContext(this.#context, () => start(this.#calls, asked));
  }

  #decided(attempt: Attempt | undefined): void {
    const { refusal, clampedBody } = attempt ?? {};
    if (refusal === undefined) {
      this.#attempt = attempt;
      if (clampedBody !== undefined) replaceBody(this.#request, clampedBody);
    } else answerWithRefusal(this.#request, refusal);
  }

  /** What stops a request that was held, if anything. */
  #decidedLate(attempt: Attempt | undefined): RefusalError | undefined {
    const refusal = attempt?.refusal;
    if (this.#ended !== undefined) attempt?.failed(this.#ended, { isSent: false });
    else if (refusal === undefined) this.#attempt = attempt;
    return refusal;
  }
}

/**
 * Sees the bytes of an answer as they come, encoded as they are. What the guard cuts off ends with its refusal, as if the
 * application had thrown it: the application gets that, and the connection is closed.
 */
function seeAnswer(request: UndiciRequest, answer: AnswerObserver): void {
  const receiver = receiverOf(request);
  const receive = receiver && request[receiver];
  if (receiver === undefined || receive === undefined) return;
  // Called for every part of every stream.
  request[receiver] = function observed(this: UndiciRequest, chunk: Uint8Array): unknown {
    neverThrow("observing undici", () => answer.chunk(chunk));
    const cutOff = answer.cutOff?.();
    if (cutOff === undefined) return receive.call(this, chunk);
    answer.fail(cutOff);
    this.abort?.(cutOff);
    return false;
  };
}

/** By which undici hands the bytes of an answer on: 8, and before that. */
function receiverOf(request: UndiciRequest): "onResponseData" | "onData" | undefined {
  if (typeof request.onResponseData === "function") return "onResponseData";
  return typeof request.onData === "function" ? "onData" : undefined;
}

/** The application has read enough: what undici says when it gave no reason. */
function isLeft(error: unknown): boolean {
  return (error as { code?: unknown } | undefined)?.code === "UND_ERR_ABORTED";
}

/** Sees what of a body is sent; undici is given it as before. */
function seeBody(request: UndiciRequest, see: (chunk: unknown) => void): void {
  const send = request.onBodySent.bind(request);
  // An assignment: to define a property takes several times as long, for every answer.
  request.onBodySent = (chunk) => {
    see(chunk);
    return send(chunk);
  };
}
