/**
 * Shares the event loop between decoding and everything else. A burst of bodies that arrived together would
 * otherwise be decoded in one go, half a second of it, while the acknowledgements of the first ones wait and
 * every inflated body stays in memory. Work that finds its turn of the loop used up waits for the next one,
 * in order of arrival. So it does while there is no room for what it makes: the senders slow down before
 * anything was spent on their requests.
 */
export class LoopTurns {
  private readonly nowMs: () => number;
  private readonly hasRoom: () => boolean;
  private readonly waiting: (() => void)[] = [];
  private startedMs: number | undefined;
  private poll: NodeJS.Timeout | undefined;

  /**
   * `nowMs` must not run backwards: a monotonic clock. `hasRoom` is asked before work begins, and every few
   * milliseconds while some waits for it; it must not stay false for long.
   */
  constructor(nowMs: () => number, hasRoom: () => boolean = () => true) {
    this.nowMs = nowMs;
    this.hasRoom = hasRoom;
  }

  /** Starts `work` now or in a later turn; only what it does before its first await counts. */
  run<T>(work: () => Promise<T>): Promise<T> {
    // What work throws before it has a promise is for the one who asked: in a later turn it would end the process.
    const begun = async (): Promise<T> => await work();
    if (this.waiting.length === 0 && this.mayBegin()) return begun();
    return new Promise((resolve, reject) => {
      this.waiting.push(() => void begun().then(resolve, reject));
    });
  }

  /** When not, something is under way that looks again: a turn that ends, or the poll. */
  private mayBegin(): boolean {
    if (this.hasRoom()) return this.hasTime();
    this.poll ??= setTimeout(() => {
      this.poll = undefined;
      this.begin();
    }, ROOM_POLL_MS);
    return false;
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
    this.begin();
  }

  private begin(): void {
    while (this.waiting.length > 0 && this.mayBegin()) this.waiting.shift()?.();
  }
}

/** About one request of 512 spans: it may be begun in a turn that has just started, and no other with it. */
const TURN_MS = 5;

/** A small part of what a segment takes to land. Asking is a few comparisons. */
const ROOM_POLL_MS = 5;
