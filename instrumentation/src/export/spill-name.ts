/** What the name of a spilled batch tells, so that a folder is known by its names. */
export interface SpillFacts {
  /** Unix time in milliseconds. */
  readonly createdMs: number;
  readonly spanCount: number;
  readonly byteCount: number;
  readonly id: string;
}

export interface SpillName extends SpillFacts {
  readonly fileName: string;
  /** When somebody began to send it; undefined when nobody has. */
  readonly claimedMs: number | undefined;
}

/** Whoever has not sent a batch within this time is no longer there. */
const CLAIM_MS = 5 * 60_000;

const UNFINISHED = ".unfinished";

const NAME = /^(\d{1,15})-(\d{1,9})-(\d{1,12})-([0-9a-f-]{36})\.spans(?:\.(\d{1,15}))?$/;

export function nameOf({ createdMs, spanCount, byteCount, id }: SpillFacts): string {
  return `${createdMs}-${spanCount}-${byteCount}-${id}.spans`;
}

/** Of the same file while it is being sent. */
export function claimedName(facts: SpillFacts, nowMs: number): string {
  return `${nameOf(facts)}.${nowMs}`;
}

/** Of the same file while it is being written. */
export function unfinishedName(facts: SpillFacts): string {
  return nameOf(facts) + UNFINISHED;
}

/** Did somebody begin to write it, and will not go on? */
export function isLeftBehind(fileName: string, nowMs: number): boolean {
  if (!fileName.endsWith(UNFINISHED)) return false;
  const facts = readName(fileName.slice(0, -UNFINISHED.length));
  return facts !== undefined && Math.abs(nowMs - facts.createdMs) > CLAIM_MS;
}

/** Undefined for files that are none of ours. */
export function readName(fileName: string): SpillName | undefined {
  const [, createdMs, spanCount, byteCount, id, claimedMs] = NAME.exec(fileName) ?? [];
  if (id === undefined) return undefined;
  return {
    fileName,
    id,
    createdMs: Number(createdMs),
    spanCount: Number(spanCount),
    byteCount: Number(byteCount),
    claimedMs: claimedMs === undefined ? undefined : Number(claimedMs),
  };
}

/** May it be sent? */
export function isFree({ claimedMs }: SpillName, nowMs: number): boolean {
  return claimedMs === undefined || Math.abs(nowMs - claimedMs) > CLAIM_MS;
}

export function oldestFirst(names: readonly SpillName[]): readonly SpillName[] {
  return names.toSorted((one, other) => one.createdMs - other.createdMs);
}
