import { setImmediate } from "node:timers";
import { neverThrow } from "../spans/never-throw.ts";

/** How long describing a call may wait. Code that runs seldom and for many calls leaves the caches to the application. */
const DELAY_MS = 100;
/** So much longer it waits for a request to be sent. */
const GRACE_MS = 100;
/** No provider answers sooner than so long after a request: what is run meanwhile is in nobody's way. */
const PROVIDER_MS = 1;
/** So many parts of answers are not held any longer than it takes to read them. */
const WAITING_MAX = 256;
/** Between two slices the application has its turn; a slice ends with the work that takes it beyond this. */
const SLICE_MS = 0.1;

/**
 * Puts off what the application need not wait for: reading an answer and describing its call take longer than
 * everything that has to happen before. The work runs in the order in which it was given, when a tenth of a second has
 * passed and the next request waits for its provider, another tenth later without one, or when it is asked for, as
 * before a flush.
 */
export class AfterDelivery {
  #waiting: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isDue = false;
  #isRunning = false;
  /** By `performance.now()`: what is left then waits for the next request. */
  #untilMs = Number.POSITIVE_INFINITY;

  readonly later = (work: () => void): void => {
    this.#waiting.push(work);
    if (this.#waiting.length >= WAITING_MAX) this.#runSlices(Number.POSITIVE_INFINITY);
    else if (!this.#isRunning && this.#timer === undefined) this.#wait(DELAY_MS);
  };

  /** What others wait for: within a few turns of the event loop, with all that was given before. */
  readonly soon = (work: () => void): void => {
    this.#waiting.push(work);
    this.#runSlices(Number.POSITIVE_INFINITY);
  };

  /** A request was sent: now the application waits for the network. */
  readonly sent = (): void => {
    if (this.#isDue && !this.#isRunning) this.#runSlices(performance.now() + PROVIDER_MS);
  };

  /** Runs all that waits, and what that puts off in turn. */
  readonly run = (): void => {
    while (this.#waiting.length > 0) this.#runFirst(this.#waiting.length);
  };

  #wait(delayMs: number): void {
    this.#timer = setTimeout(() => {
      if (this.#isDue) this.#runSlices(Number.POSITIVE_INFINITY);
      else {
        this.#isDue = true;
        this.#wait(GRACE_MS);
      }
    }, delayMs);
    // The end of a process is waited for by whoever flushes.
    this.#timer.unref();
  }

  /**
   * Not when this turn is over, but the next: a request that is made now, perhaps because of the answer that is described,
   * is written in that, as undici looks at an idle connection once more.
   */
  #runSlices(untilMs: number): void {
    this.#untilMs = untilMs;
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(() => setImmediate(this.#runSlice));
  }

  readonly #runSlice = (): void => {
    const startMs = performance.now();
    // However much comes in a turn, what waits stays within a few times of that.
    this.#runFirst((this.#waiting.length - WAITING_MAX) / 2);
    while (this.#waiting.length > 0 && performance.now() < startMs + SLICE_MS) this.#runFirst(1);
    const isOver = this.#waiting.length === 0;
    this.#isRunning = !isOver && startMs < this.#untilMs;
    if (this.#isRunning) setImmediate(this.#runSlice);
    else if (isOver) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#isDue = false;
    }
  };

  #runFirst(count: number): void {
    for (const work of this.#waiting.splice(0, Math.max(0, count)))
      neverThrow("ending a call", work);
  }
}
