import type { RetentionPolicy } from "@lensai/analytics/retention/retention-policy";

/** How long captured content stays, and the calls that it is of: "kept for 30 days, calls for 400". */
export function retentionWords({ recordDays, contentDays }: RetentionPolicy): string {
  const days = contentDays ?? recordDays;
  if (days === undefined) return "kept for ever, as calls are";
  if (days === recordDays) return `kept for ${daysText(days)}, as calls are`;
  return `kept for ${daysText(days)}, calls ${recordDays === undefined ? "for ever" : `for ${recordDays}`}`;
}

const daysText = (days: number): string => (days === 1 ? "1 day" : `${days} days`);
