/** Nearer to the ledger's clock than this, a clock is right; the rest is how long messages take. */
const TOLERANCE_MS = 2_000;

/**
 * The time by which calls are decided about: that of this machine, unless the ledger has told that it is wrong. By a
 * clock of its own, a process would begin periods too early, and go by prices that no longer hold.
 */
export class GuardClock {
  readonly #machineMs: () => number;
  #aheadMs = 0;
  #latestMs = -Infinity;

  /** `machineMs`: milliseconds since the epoch. */
  constructor(machineMs: () => number) {
    this.#machineMs = machineMs;
  }

  /** A clock that is set back must not start a period a second time. */
  nowMs(): number {
    const nowMs = this.#machineMs() - this.#aheadMs;
    if (nowMs > this.#latestMs) this.#latestMs = nowMs;
    return this.#latestMs;
  }

  /** The ledger's clock showed this at some time during the `tookMs` before now. */
  hear(ledgerMs: number, tookMs: number): void {
    const aheadMs = this.#machineMs() - (ledgerMs + tookMs / 2);
    const isRight = Math.abs(aheadMs - this.#aheadMs) <= TOLERANCE_MS + tookMs / 2;
    if (isRight) return;
    this.#aheadMs = aheadMs;
    this.#latestMs = -Infinity;
  }
}
