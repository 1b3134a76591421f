import type { UnreadCount } from "@lensai/otel-config/dialects/unread-count";

/** More are of no use: one that nobody knows is enough. */
const KEPT_MAX = 8;
/** A single count beside a record may be anything; a call has what went in and what came out. */
const CALL_COUNTS_MIN = 2;

/** Token counts of one record that no table reads. One object, cleared for each record. */
export class UnreadCounts {
  private readonly cached = new Float64Array(KEPT_MAX);
  private cachedCount = 0;
  private count = 0;

  clear(): void {
    this.cachedCount = 0;
    this.count = 0;
  }

  /** `value` may be NaN; only tokens that were used are kept. */
  note(kind: UnreadCount, value: number): void {
    if (!(value > 0)) return;
    this.count += 1;
    if (kind !== "cached" || this.cachedCount === KEPT_MAX) return;
    this.cached[this.cachedCount] = value;
    this.cachedCount += 1;
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** So many that the record looks like a call. */
  get isCallLike(): boolean {
    return this.count >= CALL_COUNTS_MIN;
  }

  /** A count of cached tokens that says something else than those known, in whatever sum. */
  hasUntoldCached(read: number, write5m: number, write1h: number): boolean {
    const write = write5m + write1h;
    for (let at = 0; at < this.cachedCount; at += 1) {
      const value = this.cached[at];
      if (value !== read && value !== write && value !== write5m && value !== write1h) {
        if (value !== read + write) return true;
      }
    }
    return false;
  }
}
