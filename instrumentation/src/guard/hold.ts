import type { KillSwitch } from "@lensai/otel-config/control/kill-switches";
import type { Budget } from "./budget.ts";
import type { BudgetAccount } from "./budget-account.ts";

/** One budget that a call is under. */
export interface Charge {
  budget: Budget;
  account: BudgetAccount;
  /** What is reserved, nano-USD. 0 for a call of unknown price that the budget lets pass. */
  amountNano: number;
  /** The part of it that is gone if the process dies now. */
  incurredNano: number;
}

/** What a call may cost, before it is made; nano-USD. Undefined: its price is not known. */
export interface CallEstimate {
  readonly amountNano: number | undefined;
  /** The same if it is made as small as it can be; absent where it cannot. */
  readonly leastNano?: number | undefined;
  /** What it comes to if the process dies as soon as the call is made; 0 where the price is not known. */
  readonly incurredNano: number;
  /** The same at most. */
  readonly incurredNanoAtMost: number;
  /** As if it were the dearest model of its family; only asked for where the price is not known. */
  familyMaxNano(): number | undefined;
}

/**
 * What one call holds of the budgets that it is under, from its admission to its end. Can be used again after
 * that: admitting a call allocates nothing.
 */
export class Hold {
  /** The first `count` are in use. */
  readonly charges: Charge[] = [];
  /** Scratch of the admission. */
  readonly matched: Budget[] = [];
  readonly switches: KillSwitch[] = [];
  count = 0;
  /** Also of a call that was stopped: how many budgets it is under. */
  matchedCount = 0;
  /** What stops the call. */
  killSwitch: KillSwitch | undefined;
  refusedBy: Charge | undefined;
  /** Refused because nobody knows its price. */
  isUnpriced = false;
  isWarned = false;
  /** Of a stream that is metered: it may need more as it goes on. */
  isGrowing = false;

  /** One of its budgets is never to be overspent: what nobody has counted is charged at most. */
  get takesWorst(): boolean {
    for (let index = 0; index < this.count; index += 1) {
      if (this.charges[index]?.account.terms.takesWorst === true) return true;
    }
    return false;
  }

  clear(): void {
    this.count = 0;
    this.matchedCount = 0;
    this.killSwitch = undefined;
    this.refusedBy = undefined;
    this.isUnpriced = false;
    this.isWarned = false;
  }

  add(budget: Budget, account: BudgetAccount, amountNano: number): void {
    const charge = this.charges[this.count];
    if (charge === undefined) {
      this.charges.push({ budget, account, amountNano, incurredNano: 0 });
    } else {
      charge.budget = budget;
      charge.account = account;
      charge.amountNano = amountNano;
      charge.incurredNano = 0;
    }
    this.count += 1;
  }
}
