import type { AnswerObserver } from "./answer-observer.ts";

/** So many turns of the event loop, each of which looks what has come, pass before it is taken that nothing has. */
const EMPTY_TURNS = 2;

const nextTurn: (then: () => void) => unknown =
  typeof setImmediate === "function" ? (then) => setImmediate(then) : (then) => setTimeout(then);

/** What comes without a pause has not come yet, but comes while it is read. */
export const REST_CHUNKS_MAX = 256;

/** Resolves when what has come by now would have been handed over. */
export async function emptyTurns(): Promise<undefined> {
  for (let turn = 0; turn < EMPTY_TURNS; turn += 1) {
    await new Promise<void>((resolve) => {
      nextTurn(resolve);
    });
  }
}

/**
 * The rest of an answer that the guard has cut off, where its bytes are handed over as they come: what has come already is
 * billed, and says how much that is, where it would otherwise be taken for the most that it can be. It may even be all,
 * with the provider's own count.
 */
export class RestOfAnswer {
  readonly #observer: AnswerObserver;
  #chunks = 0;
  #hasCome = false;
  #isLeft = false;

  constructor(observer: AnswerObserver) {
    this.#observer = observer;
  }

  /** Nobody but the observer is told of it. */
  push(chunk: Uint8Array): void {
    this.#isLeft ||= this.#chunks >= REST_CHUNKS_MAX || this.#observer.mayReadRest?.() !== true;
    if (this.#isLeft) return;
    this.#chunks += 1;
    this.#hasCome = true;
    this.#observer.chunk(chunk);
  }

  /** Resolves when nothing more has come, or no more of it may be read: then the connection can be closed. */
  async read(): Promise<void> {
    do {
      this.#hasCome = false;
      await emptyTurns();
    } while (this.#hasCome && !this.#isLeft);
    if (!this.#isLeft) this.#observer.caughtUp?.();
  }
}
