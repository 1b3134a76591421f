/**
 * Shares the event loop between decoding and everything else. A burst of bodies that arrived together would
 * otherwise be decoded in one go, half a second of it, while the acknowledgements of the first ones wait and
 * every inflated body stays in memory. Work that finds its turn of the loop used up waits for the next one,
 * in order of arrival.
 */
export class LoopTurns {
  private readonly nowMs: () => number;
  private readonly waiting: (() => void)[] = [];
  private startedMs: number | undefined;

  /** `nowMs` must not run backwards: a monotonic clock. */
  constructor(nowMs: () => number) {
    this.nowMs = nowMs;
  }

  /** Starts `work` now or in a later turn; only what it does before its first await counts. */
  run<T>(work: () => Promise<T>): Promise<T> {
    if (this.waiting.length === 0 && this.hasTime()) return work();
    return new Promise((resolve, reject) => {
      this.waiting.push(() => void work().then(resolve, reject));
    });
  }

  /** The first caller in a turn begins it; it ends when the loop has looked for input and output again. */
  private hasTime(): boolean {
    const nowMs = this.nowMs();
    if (this.startedMs === undefined) {
      this.startedMs = nowMs;
      setImmediate(() => this.nextTurn());
    }
    return nowMs - this.startedMs < TURN_MS;
  }

  private nextTurn(): void {
    this.startedMs = undefined;
    while (this.waiting.length > 0 && this.hasTime()) this.waiting.shift()?.();
  }
}

/** About one request of 512 spans: it may be begun in a turn that has just started, and no other with it. */
const TURN_MS = 5;
