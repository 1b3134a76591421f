import { setImmediate } from "node:timers";
import { neverThrow } from "../spans/never-throw.ts";

/**
 * Puts off what the application need not wait for: reading an answer and ending its span take longer than
 * everything that has to happen before. The work runs when the current turn of the event loop is over, or when
 * it is asked for, as before a flush.
 */
export class AfterDelivery {
  #waiting: (() => void)[] = [];

  readonly later = (work: () => void): void => {
    if (this.#waiting.push(work) === 1) setImmediate(this.run);
  };

  /**
   * Puts off what a request need not wait for until that has been written. That is not in the turn that made it:
   * undici looks at a connection that was idle once more, a turn later. What is over before is done by `later`.
   */
  readonly soon = (work: () => void): void => {
    setImmediate(() => this.later(work));
  };

  /** Runs all that waits, and what that puts off in turn. */
  readonly run = (): void => {
    while (this.#waiting.length > 0) {
      const works = this.#waiting;
      this.#waiting = [];
      for (const work of works) neverThrow("ending a call", work);
    }
  };
}
