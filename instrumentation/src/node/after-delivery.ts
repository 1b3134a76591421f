import { setImmediate } from "node:timers";
import { neverThrow } from "../spans/never-throw.ts";

/**
 * Puts off what the application need not wait for: starting the span of a request, reading an answer and ending its
 * span take longer than everything that has to happen before. The work runs when the next turn of the event loop is
 * over, or when it is asked for, as before a flush. Not when this one is: a request that is made now, perhaps
 * because of the answer that is described, is written in the next, as undici looks at an idle connection once more.
 */
export class AfterDelivery {
  #waiting: (() => void)[] = [];

  readonly later = (work: () => void): void => {
    if (this.#waiting.push(work) === 1) setImmediate(() => setImmediate(this.run));
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
