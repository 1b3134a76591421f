import type { KillSwitch } from "@lensai/otel-config/control/kill-switches";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import { Budget } from "./budget.ts";
import type { LeaseSource } from "./lease-source.ts";
import { ScopeIndex } from "@lensai/otel-config/control/scope-index";

/** Budgets that are in no policy any more and are remembered, so that one that comes back is not a new one. */
const RETIRED_MAX = 1_000;

/** A policy, arranged for being asked before every call. */
export interface PolicyIndex {
  readonly killSwitches: ScopeIndex<KillSwitch>;
  readonly budgets: ScopeIndex<Budget>;
  /** Nothing is limited: calls need not be looked at. */
  readonly isEmpty: boolean;
}

export const NO_POLICY: PolicyIndex = {
  killSwitches: new ScopeIndex(),
  budgets: new ScopeIndex(),
  isEmpty: true,
};

/** The budgets of a process, through all the policies that it is given. */
export class PolicyBook {
  readonly #source: LeaseSource;
  readonly #budgets = new Map<string, Budget>();

  constructor(source: LeaseSource) {
    this.#source = source;
  }

  /** A new policy: what was spent of a budget that was in an earlier one stays spent. */
  index({ budgets, killSwitches }: ControlPolicy): PolicyIndex {
    const index = {
      killSwitches: new ScopeIndex<KillSwitch>(),
      budgets: new ScopeIndex<Budget>(),
      isEmpty: budgets.length + killSwitches.length === 0,
    };
    for (const killSwitch of killSwitches) index.killSwitches.add(killSwitch.scope, killSwitch);
    for (const terms of new Map(budgets.map((each) => [each.id, each])).values()) {
      const known = this.#budgets.get(terms.id);
      const budget = known ?? new Budget(terms, this.#source);
      if (known !== undefined) known.changeTerms(terms);
      this.#budgets.set(terms.id, budget);
      index.budgets.add(terms.scope, budget);
    }
    this.#forgetRetired(new Set(budgets.map(({ id }) => id)));
    return index;
  }

  /** Asks for what first calls will need, of the budgets that are in the policy. */
  prefetch({ budgets }: ControlPolicy, nowMs: number): void {
    for (const { id } of budgets) this.#budgets.get(id)?.prefetch(nowMs);
  }

  #forgetRetired(current: ReadonlySet<string>): void {
    const retired = [...this.#budgets.keys()].filter((id) => !current.has(id));
    for (const id of retired.slice(0, Math.max(0, retired.length - RETIRED_MAX))) {
      this.#budgets.delete(id);
    }
  }
}
