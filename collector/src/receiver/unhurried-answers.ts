/**
 * Answers that their senders do not wait for. When a switch is flipped, every process acknowledges within a moment, and
 * writing an answer takes more of the processor than reading what it answers: so all are read and told on first, and
 * answered when no more come, a few in each turn of the event loop.
 */
export class UnhurriedAnswers {
  private readonly nowMs: () => number;
  private readonly waiting: (() => void)[] = [];
  private firstMs = 0;
  private lastMs = 0;
  private isUnderWay = false;

  /** `nowMs` must not run backwards: a monotonic clock. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Resolves when it is time to answer. */
  turn(): Promise<void> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.lastMs = this.nowMs();
      if (this.isUnderWay) return;
      this.isUnderWay = true;
      this.firstMs = this.lastMs;
      this.answerIn(QUIET_MS);
    });
  }

  private answerIn(delayMs: number): void {
    setTimeout(() => {
      const nowMs = this.nowMs();
      const waitMs = Math.min(this.lastMs + QUIET_MS, this.firstMs + WAIT_MAX_MS) - nowMs;
      if (waitMs > 0) this.answerIn(waitMs);
      else this.answerSome();
    }, delayMs);
  }

  private answerSome(): void {
    for (const resolve of this.waiting.splice(0, ANSWERS_PER_TURN)) resolve();
    this.isUnderWay = this.waiting.length > 0;
    if (this.isUnderWay) setImmediate(() => this.answerSome());
  }
}

/** Processes spread their acknowledgements so that fewer milliseconds lie between those of a large fleet. */
const QUIET_MS = 150;
/** Far below the ten seconds that a process waits for an answer. */
const WAIT_MAX_MS = 2_000;
/** A millisecond or two of writing. */
const ANSWERS_PER_TURN = 20;
