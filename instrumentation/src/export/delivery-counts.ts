/**
 * What became of the spans of this process. Every span that was made is in exactly one of: delivered, failed,
 * dropped, spilled, or still here.
 */
export class DeliveryCounts {
  made = 0;
  /** In a folder of this machine, to be delivered later, by this process or another one. */
  spilled = 0;
  /** The receiver has them. */
  delivered = 0;
  /** Sent in vain, by `error.type`: the receiver refused them for good. */
  readonly failed = new Map<string, number>();
  /** Never sent, by `error.type`. */
  readonly dropped = new Map<string, number>();

  fail(errorType: string, spanCount: number): void {
    add(this.failed, errorType, spanCount);
  }

  drop(errorType: string, spanCount: number): void {
    add(this.dropped, errorType, spanCount);
  }

  /** Those that nobody will get. */
  get lost(): number {
    return sumOf(this.failed) + sumOf(this.dropped);
  }
}

function add(counts: Map<string, number>, errorType: string, spanCount: number): void {
  if (spanCount > 0) counts.set(errorType, (counts.get(errorType) ?? 0) + spanCount);
}

const sumOf = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);
