import { dayOf, parseLakeKey } from "../lake/layout.ts";
import type { ManifestFile } from "../lake/manifest.ts";

/** How long what has landed is kept, in whole UTC days after the one on which a record began. */
export interface RetentionPolicy {
  /** Records, and all that is known about them; undefined: for ever. */
  readonly recordDays: number | undefined;
  /** Captured content; undefined: as long as its records. */
  readonly contentDays: number | undefined;
  /** Of captured content, in the files that count; beyond it the oldest goes. Undefined: whatever there is. */
  readonly contentBytesMax?: number | undefined;
}

export const KEPT_FOR_EVER: RetentionPolicy = { recordDays: undefined, contentDays: undefined };

/**
 * Pages look back 30 days, customers' bills are corrected for 34, and what lands late is matched with records of the
 * days before it: what is kept for less would change sums that still count.
 */
export const RECORD_DAYS_MIN = 40;
export const CONTENT_DAYS_MIN = 1;
export const RETENTION_DAYS_MAX = 36_500;
/** Twice the largest file that compaction makes: files go whole, and the newest is to stay. */
export const CONTENT_BYTES_MIN = 128 << 20;
/** No disk is larger, and a sum of so many bytes is exact. */
export const CONTENT_BYTES_LIMIT = 10 ** 15;

const DAY_MS = 86_400_000;

/** Is a setting a number of days, and not fewer than `min`? */
export function isDays(value: string, min: number): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) >= min && Number(value) <= RETENTION_DAYS_MAX;
}

/** Is a setting a number of bytes that content can be kept within? */
export function isContentBytes(value: string): boolean {
  return (
    /^\d{1,16}$/.test(value) &&
    Number(value) >= CONTENT_BYTES_MIN &&
    Number(value) <= CONTENT_BYTES_LIMIT
  );
}

/** What is wrong with a policy, in the names of its settings; undefined when nothing is. */
export function retentionProblem({ recordDays, contentDays }: RetentionPolicy): string | undefined {
  if (recordDays === undefined || contentDays === undefined || contentDays <= recordDays) {
    return undefined;
  }
  return `LENSAI_CONTENT_RETENTION_DAYS (${contentDays}) must not be more than LENSAI_RETENTION_DAYS (${recordDays}): content goes with its records`;
}

/** The beginning of the first day whose records are all kept; undefined: of all days. */
export function recordsKeptFromMs(
  { recordDays }: RetentionPolicy,
  nowUnixMs: number,
): number | undefined {
  return recordDays === undefined ? undefined : firstKeptDay(recordDays, nowUnixMs) * DAY_MS;
}

/** The files of the lake that are kept no longer. A file holds records of one day. */
export function expiredFiles(
  files: readonly ManifestFile[],
  policy: RetentionPolicy,
  nowUnixMs: number,
): ManifestFile[] {
  const { recordDays, contentDays = recordDays, contentBytesMax = Infinity } = policy;
  const daysOf = { spans: recordDays, corrections: recordDays, content: contentDays };
  const isTooOld = ({ key, kind }: ManifestFile): boolean => {
    const days = daysOf[kind];
    const day = parseLakeKey(key)?.day;
    return days !== undefined && day !== undefined && day < firstKeptDay(days, nowUnixMs);
  };
  const tooOld = files.filter(isTooOld);
  const content = files.filter((file) => file.kind === "content" && !isTooOld(file));
  return [...tooOld, ...oldestBeyond(content, contentBytesMax)];
}

/** The oldest files, without which the others come to `bytesMax` at most. */
function oldestBeyond(files: readonly ManifestFile[], bytesMax: number): ManifestFile[] {
  let excessBytes = files.reduce((total, { sizeBytes }) => total + sizeBytes, 0) - bytesMax;
  if (excessBytes <= 0) return [];
  return files.toSorted(byAge).filter(({ sizeBytes }) => {
    const goes = excessBytes > 0;
    if (goes) excessBytes -= sizeBytes;
    return goes;
  });
}

/** Those first whose last record began first; of two with the same end the order is that of their names. */
function byAge(one: ManifestFile, other: ManifestFile): number {
  return compareText(one.maxStartTime, other.maxStartTime) || compareText(one.key, other.key);
}

function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function firstKeptDay(days: number, nowUnixMs: number): number {
  return dayOf(new Date(nowUnixMs)) - days;
}
