import type { AnswerObserver } from "../calls/answer-observer.ts";
import type { Attempt } from "../calls/attempt.ts";
import { answerDecoding } from "../node/decoded-answer.ts";
import { FIRST_FINAL_STATUS, FIRST_REDIRECTION } from "./undici-exchange.ts";
import { passAnswer } from "./passed-answer.ts";
import type { Exchange } from "./undici-exchange.ts";
import { answerHeader } from "./undici-request.ts";
import type { UndiciRequest } from "./undici-request.ts";

/**
 * The request that `fetch` sends for an attempt. Its answer is read here, where the bytes pass, unless it comes in a
 * coding that only `fetch` knows: the application gets the answer of `fetch` itself, and not one that was built around its
 * body.
 */
export class FetchedExchange implements Exchange {
  readonly #request: UndiciRequest;
  readonly #attempt: Attempt;
  #answer: AnswerObserver | undefined;

  constructor(request: UndiciRequest, attempt: Attempt) {
    this.#request = request;
    this.#attempt = attempt;
  }

  sent(): void {
    // The attempt knows what it sends.
  }

  answered({ statusCode, headers }: { statusCode: number; headers: unknown }): void {
    // Early hints are no answer, and after a redirection comes another one.
    if (statusCode < FIRST_FINAL_STATUS || statusCode >= FIRST_REDIRECTION) return;
    const header = (name: string): string | undefined => answerHeader(headers, name);
    const encoding = header("content-encoding");
    const decoding = answerDecoding(encoding);
    if ((decoding !== undefined || !isEncoded(encoding)) && canBeSeen(this.#request)) {
      this.#answer = this.#attempt.answeredBelow({ status: statusCode, header }, decoding);
    } else this.#attempt.settled();
    if (this.#answer !== undefined) this.#answer = passAnswer(this.#request, this.#answer);
  }

  ended(): void {
    this.#answer?.end();
  }

  failed(error: unknown): void {
    // Without an answer, the application hears of it from `fetch`.
    if (isAbortion(error) && !this.#attempt.isAborted) this.#answer?.cancel();
    else this.#answer?.fail(error);
  }
}

/** What `fetch` ends a request with whose body was cancelled, or is gone. */
const isAbortion = (error: unknown): boolean =>
  error instanceof Error && error.name === "AbortError";

const isEncoded = (encoding = "identity"): boolean => encoding.trim().toLowerCase() !== "identity";

const canBeSeen = (request: UndiciRequest): boolean =>
  "onData" in request || "onResponseData" in request;
