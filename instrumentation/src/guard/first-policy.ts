/** A collector that is slower than this is not waited for: calls go on as if there were no policy. */
const WAIT_MAX_MS = 1_000;

/**
 * The time before the first policy: a process that starts while a switch is on must not make one more call. Over
 * when there is a policy, when there is none to be had, or when it takes too long.
 */
export class FirstPolicy {
  /** Undefined when it is over. */
  waiting: Promise<void> | undefined;
  #end: () => void = () => {};

  constructor(waitMaxMs: number = WAIT_MAX_MS) {
    this.waiting = new Promise((resolve) => {
      // Not unref'd: whoever waits at the start of a program has nothing else yet that keeps it alive.
      const timer = setTimeout(() => this.#end(), waitMaxMs);
      this.#end = () => {
        clearTimeout(timer);
        this.waiting = undefined;
        resolve();
      };
    });
  }

  end(): void {
    this.#end();
  }
}
