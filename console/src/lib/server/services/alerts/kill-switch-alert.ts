import type { AlertDetails } from "@lensai/otel-config/alerts/alert";
import type { AlertOccurrence } from "./record-alerts.ts";

/** A switch goes on once and off once. */
export function killSwitchAlert(
  change: "triggered" | "released",
  details: AlertDetails["kill_switch.triggered"],
): AlertOccurrence {
  return {
    kind: `kill_switch.${change}`,
    severity: change === "triggered" ? "critical" : "info",
    key: `kill_switch ${details.killSwitchId} ${change}`,
    details,
  };
}
