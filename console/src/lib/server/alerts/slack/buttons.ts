import type { AlertFacts } from "@lensai/otel-config/alerts/alert";

/** Names that Slack gives back when a button is pressed. */
export const SLACK_ACTIONS = {
  lift: "lensai.lift",
  raise: "lensai.raise",
  open: "lensai.open",
} as const;

/** What can be added to a budget for an hour, in percent of it. */
export const RAISE_PERCENTS: readonly number[] = [10, 25, 50];
export const RAISE_DURATION_MS = 3_600_000;

/** The buttons that an alert has, besides the one that opens the console. */
export interface ButtonSet {
  readonly lift: { readonly label: string; readonly consequence: string } | undefined;
  /** Of a budget with this amount. */
  readonly raise: { readonly limitNanoUsd: bigint } | undefined;
}

export function buttonsOf({ kind, details }: AlertFacts): ButtonSet {
  if (kind === "kill_switch.triggered") {
    const consequence = "The calls go out again, as budgets allow.";
    return { lift: { label: "Release", consequence }, raise: undefined };
  }
  if (kind === "budget.exceeded" || kind === "budget.threshold") {
    const consequence = "The budget only observes from then on, until somebody sets it back.";
    return {
      lift: details.mode === "enforce" ? { label: "Stop enforcing", consequence } : undefined,
      raise: { limitNanoUsd: BigInt(details.limitNanoUsd) },
    };
  }
  if (kind === "budget.forecast")
    return { lift: undefined, raise: { limitNanoUsd: BigInt(details.limitNanoUsd) } };
  return { lift: undefined, raise: undefined };
}

/** Half up, to the nano-dollar. */
export function raisedBy(limitNanoUsd: bigint, percent: number): bigint {
  return (limitNanoUsd * BigInt(percent) + 50n) / 100n;
}
