import type { CallScope } from "@lensai/otel-config/control/call-scope";
import type { RefusalCause } from "@lensai/otel-config/control/refusal-cause";
import { LensError } from "@lensai/otel-config/errors";
import type { NanoUsd } from "@lensai/otel-config/money";

/** A budget that stopped a call, as far as an application may want to tell. */
export interface BudgetRefusal {
  readonly kind: "budget";
  readonly budgetId: string;
  readonly budgetName: string;
  readonly scope: CallScope;
  /** Whose share it is, when the budget is kept for each value of an attribute. */
  readonly value?: string;
  readonly limitNanoUsd: NanoUsd;
  readonly cause: RefusalCause;
  /** Of the whole budget: neither spent nor held. Of a ledger that is silent: of what the process was lent. */
  readonly remainingNanoUsd: NanoUsd;
  /** Held by calls that run and lent to other processes: what of it is not spent comes back. */
  readonly heldNanoUsd: NanoUsd;
  /** ISO 8601, UTC; absent for a budget that does not start anew. */
  readonly resetsAt?: string;
  /** The call was made, and its stream was cut off. */
  readonly isCutOff: boolean;
  readonly message: string;
}

export interface KillSwitchRefusal {
  readonly kind: "kill_switch";
  readonly killSwitchId: string;
  readonly scope: CallScope;
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly triggeredAt: string;
  readonly message: string;
}

/** Nobody knows whether the call may be made: the process has heard nothing of its policy for too long. */
export interface StaleRefusal {
  readonly kind: "policy_stale";
  readonly staleSeconds: number;
  readonly maxStalenessSeconds: number;
  readonly message: string;
}

export type Refusal = BudgetRefusal | KillSwitchRefusal | StaleRefusal;

/** The call was stopped because it would have cost more than is left of a budget. */
export class BudgetExceededError extends LensError {
  readonly refusal: BudgetRefusal;

  constructor(refusal: BudgetRefusal) {
    super("control.budget_exceeded", refusal.message);
    this.name = "BudgetExceededError";
    this.refusal = refusal;
  }
}

/** The call was stopped because somebody has switched such calls off. */
export class KillSwitchError extends LensError {
  readonly refusal: KillSwitchRefusal;

  constructor(refusal: KillSwitchRefusal) {
    super("control.kill_switch", refusal.message);
    this.name = "KillSwitchError";
    this.refusal = refusal;
  }
}

/** The call was stopped because the policy that would have to allow it is too old. */
export class PolicyStaleError extends LensError {
  readonly refusal: StaleRefusal;

  constructor(refusal: StaleRefusal) {
    super("control.policy_stale", refusal.message);
    this.name = "PolicyStaleError";
    this.refusal = refusal;
  }
}

export type RefusalError = BudgetExceededError | KillSwitchError | PolicyStaleError;

export function errorOf(refusal: Refusal): RefusalError {
  if (refusal.kind === "budget") return new BudgetExceededError(refusal);
  return refusal.kind === "kill_switch"
    ? new KillSwitchError(refusal)
    : new PolicyStaleError(refusal);
}
