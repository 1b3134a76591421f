import type { BudgetMode, FailMode, UnknownPricePolicy } from "@lensai/otel-config/control/budgets";

interface Choice<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly means: string;
}

export const MODE_CHOICES: readonly Choice<BudgetMode>[] = [
  { value: "observe", label: "Observe", means: "only counts" },
  { value: "warn", label: "Warn", means: "marks the calls that enforce would stop" },
  { value: "enforce", label: "Enforce", means: "stops calls before they are made" },
];

export const FAIL_MODE_CHOICES: readonly Choice<FailMode>[] = [
  {
    value: "spend_lease_then_closed",
    label: "Use its lease, then stop",
    means: "a process uses up its lease, and then refuses",
  },
  { value: "closed", label: "Stop at once", means: "calls are refused" },
  { value: "open", label: "Go on", means: "calls go out unchecked" },
];

export const UNKNOWN_PRICE_CHOICES: readonly Choice<UnknownPricePolicy>[] = [
  {
    value: "assume_family_max",
    label: "Dearest of its family",
    means: "counts as the dearest known model of the family",
  },
  { value: "block", label: "Refuse the call", means: "no price, no call" },
  { value: "allow", label: "Let it pass", means: "is not counted" },
];

export function modeLabel(mode: BudgetMode): string {
  return MODE_CHOICES.find(({ value }) => value === mode)?.label ?? mode;
}
