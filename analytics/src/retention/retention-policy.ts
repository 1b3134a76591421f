import { dayOf, parseLakeKey } from "../lake/layout.ts";
import type { ManifestFile } from "../lake/manifest.ts";

/** How long what has landed is kept, in whole UTC days after the one on which a record began. */
export interface RetentionPolicy {
  /** Records, and all that is known about them; undefined: for ever. */
  readonly recordDays: number | undefined;
  /** Captured content; undefined: as long as its records. */
  readonly contentDays: number | undefined;
}

export const KEPT_FOR_EVER: RetentionPolicy = { recordDays: undefined, contentDays: undefined };

/**
 * Pages look back 30 days, customers' bills are corrected for 34, and what lands late is matched with records of the
 * days before it: what is kept for less would change sums that still count.
 */
export const RECORD_DAYS_MIN = 40;
export const CONTENT_DAYS_MIN = 1;
export const RETENTION_DAYS_MAX = 36_500;

const DAY_MS = 86_400_000;

/** Is a setting a number of days, and not fewer than `min`? */
export function isDays(value: string, min: number): boolean {
  return /^\d{1,5}$/.test(value) && Number(value) >= min && Number(value) <= RETENTION_DAYS_MAX;
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
  { recordDays, contentDays = recordDays }: RetentionPolicy,
  nowUnixMs: number,
): ManifestFile[] {
  const daysOf = { spans: recordDays, corrections: recordDays, content: contentDays };
  return files.filter(({ key, kind }) => {
    const days = daysOf[kind];
    const day = parseLakeKey(key)?.day;
    return days !== undefined && day !== undefined && day < firstKeptDay(days, nowUnixMs);
  });
}

function firstKeptDay(days: number, nowUnixMs: number): number {
  return dayOf(new Date(nowUnixMs)) - days;
}
