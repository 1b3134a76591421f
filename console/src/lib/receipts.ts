import { formatCount, formatCounted } from "./format/count.ts";
import { formatDuration } from "./format/duration.ts";

/** What is known of how far an announcement has got; see services/receipts/propagation.ts. */
export interface ReceiptCounts {
  readonly known: number;
  readonly waiting: number;
  readonly lost: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly lastMs: number | null;
}

interface Announced {
  readonly announcements: readonly { readonly kind: string; readonly subjectId: string }[];
}

/** What was asked for just now, and behind it the announcements that are too old to be in it. */
export function withNewest<T extends Announced>(newest: T, known: T): T {
  const names = new Set(newest.announcements.map(nameOf));
  const older = known.announcements.filter((each) => !names.has(nameOf(each)));
  return { ...newest, announcements: [...newest.announcements, ...older] };
}

const nameOf = ({ kind, subjectId }: Announced["announcements"][number]): string =>
  `${kind} ${subjectId}`;

/** `none`: nobody was connected. `waiting`: somebody has not acknowledged. */
export type ReceiptState = "none" | "waiting" | "complete";

export function receiptState({ known, waiting }: ReceiptCounts): ReceiptState {
  if (waiting > 0) return "waiting";
  return known === 0 ? "none" : "complete";
}

/** "Known by 998 of 1,000 processes": of those that ran and are connected. */
export function receiptWords(counts: ReceiptCounts): string {
  const { known, waiting } = counts;
  if (receiptState(counts) === "none") return "No connected process was running";
  return `Known by ${formatCount(known)} of ${formatCounted(known + waiting, "process", "processes")}`;
}

/** "half within 21 ms, 99 % within 43 ms, the last after 61 ms"; undefined while nobody knows. */
export function propagationWords({ p50Ms, p99Ms, lastMs }: ReceiptCounts): string | undefined {
  if (p50Ms === null || p99Ms === null || lastMs === null) return undefined;
  return `half within ${formatDuration(p50Ms)}, 99 % within ${formatDuration(p99Ms)}, the last after ${formatDuration(lastMs)}`;
}

/** "2 were lost before they knew"; undefined when there is none. */
export function lostWords({ lost }: ReceiptCounts): string | undefined {
  if (lost === 0) return undefined;
  return `${formatCounted(lost, "process", "processes")} ${lost === 1 ? "was" : "were"} lost around then, before it was known there`;
}
