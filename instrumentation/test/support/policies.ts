import type { BudgetTerms } from "@lensai/otel-config/control/budgets";
import type { KillSwitch } from "@lensai/otel-config/control/kill-switches";
import { parseControlPolicy } from "@lensai/otel-config/control/policy";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";

export const MONTH = {
  periodStartsAt: "2026-11-01T00:00:00Z",
  resetsAt: "2026-12-01T00:00:00Z",
};
export const IN_THE_MONTH_MS = Date.parse("2026-11-24T12:00:00Z");
export const NEXT_MONTH_MS = Date.parse("2026-12-01T00:00:00Z");

/** An enforcing budget on all calls in November 2026. */
export const budgetTerms = (terms: Partial<BudgetTerms> = {}): BudgetTerms => ({
  id: "bud_1",
  name: "all calls",
  scope: {},
  limitNanoUsd: "1000",
  mode: "enforce",
  failMode: "spend_lease_then_closed",
  unknownPrice: "block",
  clamp: false,
  ...MONTH,
  ...terms,
});

export const killSwitch = (scope: KillSwitch["scope"] = {}): KillSwitch => ({
  id: "kill_1",
  scope,
  reason: "an agent runs in a loop",
  triggeredAt: "2026-11-24T11:59:00Z",
});

/** As it comes from a file or a collector. */
export const policyWith = ({
  budgets = [],
  killSwitches = [],
  version = 1,
  prices,
}: Partial<
  Pick<ControlPolicy, "budgets" | "killSwitches" | "version" | "prices">
>): ControlPolicy =>
  parseControlPolicy({
    formatVersion: 1,
    version,
    issuedAt: "2026-11-24T00:00:00Z",
    budgets,
    killSwitches,
    ...(prices !== undefined && { prices }),
  });
