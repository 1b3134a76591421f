import type { AlertOccurrence } from "../../services/alerts/record-alerts.ts";
import type { Propagation } from "../../services/receipts/propagation.ts";

/** Collectors tell of their processes every 15 seconds: by then whoever answers has answered. */
const ANSWERED_WITHIN_MS = 45_000;

/** How a drill went, once its answers can be in. A process that did not answer would not have stopped either. */
export function drillAlerts(
  { kind, subjectId, announcedAtUnixMs, announcedBy, known, waiting, lost, lastMs }: Propagation,
  now: Date,
): AlertOccurrence[] {
  if (kind !== "drill" || now.getTime() - announcedAtUnixMs < ANSWERED_WITHIN_MS) return [];
  const missing = waiting + lost;
  return [
    {
      kind: "kill_switch.drill",
      key: `drill ${subjectId}`,
      severity: missing > 0 ? "warning" : "info",
      details: {
        drillId: subjectId,
        actor: announcedBy,
        processes: known + missing,
        acknowledged: known,
        ...(lastMs !== null && { tookMs: lastMs }),
      },
    },
  ];
}
