import type { KillSwitch } from "@lensai/otel-config/control/kill-switches";
import { formatUsd } from "@lensai/otel-config/money";
import type { Hold } from "./hold.ts";
import { BudgetExceededError, KillSwitchError, PolicyStaleError } from "./refusal.ts";

/** The refusal of a call by `hold.refusedBy`. */
export function budgetRefusal(
  { refusedBy, isUnpriced }: Hold,
  { needNano, isCutOff }: { needNano: number; isCutOff: boolean },
): BudgetExceededError {
  if (refusedBy === undefined) throw new RangeError("no budget has refused the call");
  const { budget, account } = refusedBy;
  const { id, name, scope } = budget.terms;
  const limitNanoUsd = account.terms.limitNanoUsd;
  const remainingNanoUsd = BigInt(Math.max(0, account.availableNano));
  const { endMs } = budget.period;
  const resetsAt = Number.isFinite(endMs) ? new Date(endMs).toISOString() : undefined;
  const left = `${formatUsd(remainingNanoUsd)} of ${formatUsd(limitNanoUsd)} is left`;
  const why = isUnpriced
    ? "nobody knows the price of the model, and the budget refuses such calls"
    : `${left}, and ${isCutOff ? "more of the answer" : "the call"} may cost ${formatUsd(BigInt(needNano))}`;
  const until = resetsAt === undefined ? "" : `; it starts anew at ${resetsAt}`;
  return new BudgetExceededError({
    kind: "budget",
    budgetId: id,
    budgetName: name,
    scope,
    ...(account.key.value !== undefined && { value: account.key.value }),
    limitNanoUsd,
    remainingNanoUsd,
    ...(resetsAt !== undefined && { resetsAt }),
    isCutOff,
    message: `the budget "${name}" stopped the call: ${why}${until}`,
  });
}

export function staleRefusal(staleSeconds: number, maxStalenessSeconds: number): PolicyStaleError {
  return new PolicyStaleError({
    kind: "policy_stale",
    staleSeconds,
    maxStalenessSeconds,
    message: `the call was stopped: nothing was heard of the policy for ${staleSeconds} s, and calls may be made for ${maxStalenessSeconds} s`,
  });
}

export function killSwitchRefusal({ id, scope, reason, triggeredAt }: KillSwitch): KillSwitchError {
  return new KillSwitchError({
    kind: "kill_switch",
    killSwitchId: id,
    scope,
    reason,
    triggeredAt,
    message: `a kill-switch stopped the call: ${reason}`,
  });
}
