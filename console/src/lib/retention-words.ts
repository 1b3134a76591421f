import type { RetentionPolicy } from "@lensai/analytics/retention/retention-policy";

/** How long captured content stays, and the calls that it is of: "kept for 30 days, calls for 400". */
export function retentionWords({ contentBytesMax, ...policy }: RetentionPolicy): string {
  const words = daysWords(policy);
  return contentBytesMax === undefined ? words : `${words}; at most ${sizeText(contentBytesMax)}`;
}

function daysWords({ recordDays, contentDays }: RetentionPolicy): string {
  const days = contentDays ?? recordDays;
  if (days === undefined) return "kept for ever, as calls are";
  if (days === recordDays) return `kept for ${daysText(days)}, as calls are`;
  return `kept for ${daysText(days)}, calls ${recordDays === undefined ? "for ever" : `for ${recordDays}`}`;
}

/** Rounded down, as a limit is: "20 GB", "134 MB". */
const sizeText = (bytes: number): string =>
  bytes < 1e9 ? `${Math.floor(bytes / 1e6)} MB` : `${Math.floor(bytes / 1e8) / 10} GB`;

const daysText = (days: number): string => (days === 1 ? "1 day" : `${days} days`);
