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
  /** Undefined before the request was sent. */
  #canBeSeen: boolean | undefined;
  #answer: AnswerObserver | undefined;

  constructor(request: UndiciRequest, attempt: Attempt) {
    this.#request = request;
    this.#attempt = attempt;
  }

  /** What its answer needs is made ready while nobody waits for it. */
  sent(): void {
    if (this.#canBeSeen !== undefined) return;
    this.#attempt.sent();
    this.#canBeSeen = passAnswer(this.#request, () => this.#answer);
  }

  answered({ statusCode, headers }: { statusCode: number; headers: unknown }): void {
    // Early hints are no answer, and after a redirection comes another one.
    if (statusCode < FIRST_FINAL_STATUS || statusCode >= FIRST_REDIRECTION) return;
    this.sent();
    const encoding = answerHeader(headers, "content-encoding");
    const decoding = answerDecoding(encoding);
    if (this.#canBeSeen === true && (decoding !== undefined || !isEncoded(encoding))) {
      const header = (name: string): string | undefined => answerHeader(headers, name);
      this.#answer = this.#attempt.answeredBelow({ status: statusCode, header }, decoding);
    } else this.#attempt.settled();
  }

  ended(): void {
    // Told where the bytes pass, as what was held back comes before the end.
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

const isEncoded = (encoding: string | undefined): boolean =>
  encoding !== undefined && encoding.trim().toLowerCase() !== "identity";
