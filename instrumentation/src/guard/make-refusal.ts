import type { KillSwitch } from "@lensai/otel-config/control/kill-switches";
import type { RefusalCause } from "@lensai/otel-config/control/refusal-cause";
import { formatUsd } from "@lensai/otel-config/money";
import type { Hold } from "./hold.ts";
import type { BudgetAccount } from "./budget-account.ts";
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
  const cause = isUnpriced ? "unpriced" : causeOf(account, needNano);
  const left = cause === "ledger_silent" ? Math.max(0, account.availableNano) : account.leftNano;
  const amounts = {
    limitNanoUsd,
    remainingNanoUsd: BigInt(left),
    heldNanoUsd: BigInt(account.heldNano),
  };
  const { endMs } = budget.period;
  const resetsAt = Number.isFinite(endMs) ? new Date(endMs).toISOString() : undefined;
  const asked = `${isCutOff ? "more of the answer" : "the call"} may cost ${formatUsd(BigInt(needNano))}`;
  const until = resetsAt === undefined ? "" : `; it starts anew at ${resetsAt}`;
  return new BudgetExceededError({
    kind: "budget",
    budgetId: id,
    budgetName: name,
    scope,
    ...(account.key.value !== undefined && { value: account.key.value }),
    cause,
    ...amounts,
    ...(resetsAt !== undefined && { resetsAt }),
    isCutOff,
    message: `the budget "${name}" stopped the call: ${reasonOf(cause, { ...amounts, needNano }, asked)}${until}`,
  });
}

function causeOf(account: BudgetAccount, needNano: number): RefusalCause {
  if (!account.isReachable) return "ledger_silent";
  return needNano <= account.unspentNano ? "held" : "spent";
}

function reasonOf(
  cause: RefusalCause,
  amounts: {
    readonly limitNanoUsd: bigint;
    readonly remainingNanoUsd: bigint;
    readonly heldNanoUsd: bigint;
    readonly needNano: number;
  },
  asked: string,
): string {
  const limit = formatUsd(amounts.limitNanoUsd);
  const left = formatUsd(amounts.remainingNanoUsd);
  switch (cause) {
    case "spent":
      return `${left} of ${limit} is left, and ${asked}`;
    case "held":
      return `${left} of ${limit} is left, ${formatUsd(amounts.heldNanoUsd)} is held by calls that run and may come back, and ${asked}`;
    case "ledger_silent":
      // A lease ends, and some budgets want the ledger for every call.
      if (amounts.needNano <= amounts.remainingNanoUsd)
        return "its ledger does not answer, and without it what this process was lent may not be used any more";
      return `its ledger does not answer, ${left} is left of what this process was lent, and ${asked}`;
    case "unpriced":
      return "nobody knows the price of the model, and the budget refuses such calls";
  }
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
