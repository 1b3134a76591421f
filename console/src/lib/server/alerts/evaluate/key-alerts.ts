import type { AlertOccurrence } from "../../services/alerts/record-alerts.ts";

export interface ExpiringKey {
  readonly id: string;
  readonly prefix: string;
  readonly expiresAt: Date;
}

const DAY_MS = 86_400_000;
/** How long before its end somebody is told, latest first. */
const DAYS_BEFORE = [1, 7] as const;
export const KEY_HORIZON_MS = 7 * DAY_MS;

/** A key that ends soon is told of twice; one that was made to end within a day, once. */
export function keyAlerts({ id, prefix, expiresAt }: ExpiringKey, now: Date): AlertOccurrence[] {
  const leftMs = expiresAt.getTime() - now.getTime();
  if (leftMs <= 0) return [];
  const due = DAYS_BEFORE.filter((days) => leftMs <= days * DAY_MS);
  // A key that is prolonged ends at another time, and is told of again.
  const keyOf = (days: number | undefined): string =>
    `key ${id} ${expiresAt.toISOString()} ${days}`;
  return due.map((days, index) => ({
    kind: "api_key.expiring",
    key: keyOf(days),
    severity: days === 1 ? "critical" : "warning",
    toldBy: index > 0 ? keyOf(due[0]) : undefined,
    details: { keyId: id, prefix, expiresAt: expiresAt.toISOString(), daysBefore: days },
  }));
}
