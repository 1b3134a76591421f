import type { Budget } from "./budget.ts";
import type { Charge, CallEstimate, Hold } from "./hold.ts";
import type { PolicyIndex } from "./policy-index.ts";
import type { ScopeValues } from "@lensai/otel-config/control/scope-index";

/** What is decided about a call before it is made. `unlimited`: it is under no budget. */
export type AdmissionDecision = "unlimited" | "allowed" | "warned" | "refused" | "killed";

export interface AdmittedCall {
  readonly values: ScopeValues;
  readonly estimate: CallEstimate;
  readonly nowMs: number;
  /** Absent: yes. A call that cannot be stopped any more is charged and marked as if it were warned of. */
  readonly isStoppable?: boolean;
  /**
   * Absent: yes. A call that cannot be held back until the ledger has answered for the first time is not refused
   * for that: it is charged and marked as if it were warned of.
   */
  readonly canWait?: boolean;
}

/**
 * Decides about a call, at once and from memory: kill-switches first, then every budget that the call is under.
 * A call that is not stopped holds its estimate in each of them until `settle`; one that is stopped holds nothing,
 * and `hold` says by what. Budgets that only watch are charged and stop nothing.
 */
export function admit(policy: PolicyIndex, call: AdmittedCall, hold: Hold): AdmissionDecision {
  hold.clear();
  const { values, estimate, isStoppable = true } = call;
  if (policy.killSwitches.match(values, hold.switches) > 0) {
    if (isStoppable) {
      hold.killSwitch = hold.switches[0];
      return "killed";
    }
    hold.isWarned = true;
  }
  addCharges(policy, call, hold);
  if (hold.count === 0) return hold.isWarned ? "warned" : "unlimited";
  for (let index = 0; index < hold.count; index += 1) {
    checkRoom(hold.charges[index] as Charge, call, hold);
  }
  if (hold.refusedBy !== undefined) {
    if (isStoppable) {
      hold.count = 0;
      return "refused";
    }
    hold.isWarned = true;
  }
  reserveAll(hold, estimate);
  return hold.isWarned ? "warned" : "allowed";
}

/** The budgets that the call is under. */
function addCharges(policy: PolicyIndex, { values, nowMs }: AdmittedCall, hold: Hold): void {
  const matched = policy.budgets.match(values, hold.matched);
  for (let index = 0; index < matched; index += 1) {
    const budget = hold.matched[index];
    const account = budget?.accountOf(values, nowMs);
    if (budget !== undefined && account !== undefined) hold.add(budget, account, 0);
  }
  hold.matchedCount = hold.count;
}

/** Puts the amount on the charge, and on the hold what speaks against it. */
function checkRoom(charge: Charge, { estimate, nowMs, canWait }: AdmittedCall, hold: Hold): void {
  const amountNano = estimate.amountNano ?? assumedNano(charge.budget, estimate);
  const isUnpriced = amountNano === undefined;
  charge.amountNano = amountNano ?? 0;
  const hasRoom = charge.account.hasRoom(charge.amountNano, nowMs, estimate);
  if (hasRoom && !isUnpriced) return;
  const isEarly = canWait === false && !isUnpriced && charge.account.isUnanswered;
  if (isEarly || charge.budget.mode === "warn") hold.isWarned = true;
  else if (charge.budget.mode === "enforce") refuse(charge, hold, isUnpriced);
}

/** The budget with the least left is the one to tell about. */
function refuse(charge: Charge, hold: Hold, isUnpriced: boolean): void {
  const { refusedBy } = hold;
  if (refusedBy !== undefined && refusedBy.account.availableNano <= charge.account.availableNano)
    return;
  hold.refusedBy = charge;
  hold.isUnpriced = isUnpriced;
}

function assumedNano({ terms }: Budget, estimate: CallEstimate): number | undefined {
  if (terms.unknownPrice === "assume_family_max") return estimate.familyMaxNano();
  return terms.unknownPrice === "allow" ? 0 : undefined;
}

function reserveAll(hold: Hold, estimate: CallEstimate): void {
  const incurredNano = hold.takesWorst ? estimate.incurredNanoAtMost : estimate.incurredNano;
  for (let index = 0; index < hold.count; index += 1) {
    const charge = hold.charges[index] as Charge;
    // Not more than is reserved: a budget may let calls of unknown price pass for nothing.
    charge.incurredNano = Math.min(incurredNano, charge.amountNano);
    charge.account.reserve(charge.amountNano, charge.incurredNano);
    if (hold.isGrowing) charge.account.grow(charge.amountNano);
  }
}

/**
 * The most that a refused call could cost and be admitted; nano-USD. Undefined when a budget that refuses it does
 * not let calls be made smaller.
 */
export function roomToClamp({ charges, matchedCount }: Hold): number | undefined {
  let room = Infinity;
  for (const { budget, account, amountNano } of charges.slice(0, matchedCount)) {
    if (budget.mode !== "enforce" || amountNano <= account.roomNano) continue;
    if (!budget.terms.clamp) return undefined;
    room = Math.min(room, account.roomNano);
  }
  return Number.isFinite(room) ? room : undefined;
}

/**
 * Reserves more for a call that runs: in all of its budgets, or in none. False where an enforcing budget has no room;
 * watching ones are overdrawn.
 */
export function topUp(hold: Hold, amountNano: number, nowMs: number): boolean {
  for (let index = 0; index < hold.count; index += 1) {
    const { account, budget } = hold.charges[index] as Charge;
    if (!account.hasMore(amountNano, nowMs) && budget.mode === "enforce") {
      hold.refusedBy = hold.charges[index];
      return false;
    }
  }
  for (let index = 0; index < hold.count; index += 1) {
    const charge = hold.charges[index] as Charge;
    charge.account.reserve(amountNano, 0);
    if (hold.isGrowing) charge.account.grow(amountNano);
    charge.amountNano += amountNano;
  }
  return true;
}

/** So much more of what a call that runs holds is gone if the process dies now. */
export function incur(hold: Hold, moreNano: number): void {
  for (let index = 0; index < hold.count; index += 1) {
    const charge = hold.charges[index] as Charge;
    charge.account.incur(moreNano);
    charge.incurredNano += moreNano;
  }
}

/**
 * The call has ended and cost this much, and `atMostNano` where nobody has counted it. Without a cost nobody knows
 * anything, and all that was reserved is spent. A second time changes nothing. Answers with how much of it a lease was
 * overdrawn by: what a call needs beyond what it held, the rest of its process's lease pays for.
 */
export function settle(hold: Hold, spentNano: number | undefined, atMostNano = spentNano): number {
  let overdrawnNano = 0;
  for (let index = 0; index < hold.count; index += 1) {
    const { account, amountNano, incurredNano } = hold.charges[index] as Charge;
    const chargedNano = spentNano ?? amountNano;
    const uncertainNano = Math.max(0, (atMostNano ?? chargedNano) - chargedNano);
    account.settle(amountNano, incurredNano, chargedNano, uncertainNano);
    if (hold.isGrowing) account.grow(-amountNano);
    const unheldNano = Math.min(chargedNano - amountNano, -account.availableNano);
    overdrawnNano = Math.max(overdrawnNano, unheldNano);
  }
  hold.count = 0;
  return overdrawnNano;
}
