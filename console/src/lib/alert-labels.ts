import type { AlertKind, AlertSeverity } from "@lensai/otel-config/alerts/alert";

/** Kinds that a channel can choose, as people read them, in the order in which they are asked for. */
export const KIND_LABELS: Readonly<Record<Exclude<AlertKind, "test">, string>> = {
  "budget.threshold": "Budget reaches a threshold",
  "budget.exceeded": "Budget is spent",
  "budget.forecast": "Budget will not last",
  "kill_switch.triggered": "Calls are stopped",
  "kill_switch.released": "Calls may go again",
  "kill_switch.drill": "Kill-switch drill",
  "spend.unpriced": "Model without a price",
  "ingest.trouble": "Trouble at ingest",
  "api_key.expiring": "API key expires soon",
  "billing.trouble": "Charges do not reach Stripe",
};

/**
 * What no channel hears of. A channel hears of the kinds that somebody has chosen: one that a later version brings is not among
 * those of a channel that was there before.
 */
export function untoldKinds(
  channels: readonly { readonly kinds: readonly AlertKind[] }[],
): (keyof typeof KIND_LABELS)[] {
  const told = new Set(channels.flatMap(({ kinds }) => kinds));
  return (Object.keys(KIND_LABELS) as (keyof typeof KIND_LABELS)[]).filter(
    (kind) => !told.has(kind),
  );
}

export const SEVERITY_LABELS: Readonly<Record<AlertSeverity, string>> = {
  info: "Everything",
  warning: "Warnings and worse",
  critical: "Only what is critical",
};
