import { setImmediate } from "node:timers";
import { neverThrow } from "../spans/never-throw.ts";

/** How long describing a call may wait. Code that runs seldom and for many calls leaves the caches to the application. */
const DELAY_MS = 100;
/** So many parts of answers are not held any longer than it takes to read them. */
const WAITING_MAX = 256;
/** Between two slices the application has its turn; a slice ends with the work that takes it beyond this. */
const SLICE_MS = 0.1;

/**
 * Puts off what the application need not wait for: reading an answer and describing its call take longer than
 * everything that has to happen before. The work runs in the order in which it was given, a tenth of a second later, or
 * when it is asked for, as before a flush.
 */
export class AfterDelivery {
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  readonly later = (work: () => void): void => {
    this.#waiting.push(work);
    if (this.#isRunning) return;
    if (this.#waiting.length >= WAITING_MAX) this.#runSlices();
    else if (this.#timer === undefined) {
      this.#timer = setTimeout(() => this.#runSlices(), DELAY_MS);
      // The end of a process is waited for by whoever flushes.
      this.#timer.unref();
    }
  };

  /** What others wait for: within a few turns of the event loop, with all that was given before. */
  readonly soon = (work: () => void): void => {
    this.#waiting.push(work);
    if (!this.#isRunning) this.#runSlices();
  };

  /** Runs all that waits, and what that puts off in turn. */
  readonly run = (): void => {
    while (this.#waiting.length > 0) this.#runFirst(this.#waiting.length);
  };

  /**
   * Not when this turn is over, but the next: a request that is made now, perhaps because of the answer that is described,
   * is written in that, as undici looks at an idle connection once more.
   */
  #runSlices(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isRunning = true;
    setImmediate(() => setImmediate(this.#runSlice));
  }

  readonly #runSlice = (): void => {
    const untilMs = performance.now() + SLICE_MS;
    // However much comes in a turn, what waits stays within a few times of that.
    this.#runFirst((this.#waiting.length - WAITING_MAX) / 2);
    while (this.#waiting.length > 0 && performance.now() < untilMs) this.#runFirst(1);
    this.#isRunning = this.#waiting.length > 0;
    if (this.#isRunning) setImmediate(this.#runSlice);
  };

  #runFirst(count: number): void {
    for (const work of this.#waiting.splice(0, Math.max(0, count)))
      neverThrow("ending a call", work);
  }
}
