import { takesWorst } from "@lensai/otel-config/control/budgets";
import type { BudgetMode, BudgetTerms } from "@lensai/otel-config/control/budgets";
import type { ScopeKey } from "@lensai/otel-config/control/call-scope";
import { BudgetAccount } from "./budget-account.ts";
import { periodAt } from "./budget-period.ts";
import type { BudgetPeriod } from "./budget-period.ts";
import type { AccountTerms, LeaseSource } from "./lease-source.ts";
import type { ScopeValues } from "@lensai/otel-config/control/scope-index";

/**
 * Accounts of one budget that is kept for each value apart (about 20 MB). Values beyond share one account with
 * the amount of one: a program that puts a new name on every call must not get a new budget with each.
 */
const ACCOUNTS_MAX = 100_000;

/** No value of an attribute: these have no control characters by any sane use. Databases keep no NUL. */
const ALL_OTHERS = "\u0001others";

/** One budget of the policy, with what this process has of it. */
export class Budget {
  #terms: BudgetTerms;
  #accountTerms: AccountTerms;
  #period: BudgetPeriod;
  readonly #source: LeaseSource;
  readonly #accountsMax: number;
  // Copies of the terms, nearer: the check before a call waits for memory more than for anything else.
  mode: BudgetMode;
  #each: ScopeKey | undefined;
  #endMs: number;
  /** Of a budget for all together. */
  #only: BudgetAccount | undefined;
  /** Of a budget for each value. */
  #accounts: Map<string, BudgetAccount> | undefined;

  constructor(terms: BudgetTerms, source: LeaseSource, accountsMax: number = ACCOUNTS_MAX) {
    this.#terms = terms;
    this.#accountsMax = accountsMax;
    this.#accountTerms = accountTermsOf(terms);
    this.#period = periodOf(terms);
    this.#source = source;
    this.mode = terms.mode;
    this.#each = terms.each;
    this.#endMs = this.#period.endMs;
  }

  get terms(): BudgetTerms {
    return this.#terms;
  }

  get period(): BudgetPeriod {
    return this.#period;
  }

  get accounts(): readonly BudgetAccount[] {
    return [...(this.#only === undefined ? [] : [this.#only]), ...(this.#accounts?.values() ?? [])];
  }

  /** The account that a call is charged to; undefined when the call has no value of what the budget is for each of. */
  accountOf(values: ScopeValues, nowMs: number): BudgetAccount | undefined {
    if (nowMs >= this.#endMs) this.#startPeriod(periodAt(this.#period, nowMs));
    if (this.#each === undefined) return (this.#only ??= this.#open(undefined));
    const value = values[this.#each];
    if (value === undefined) return undefined;
    return this.#accounts?.get(value) ?? this.#openFor(value);
  }

  /** Asks for what the first call will need. What values there will be, nobody knows. */
  prefetch(nowMs: number): void {
    if (this.#each === undefined) this.accountOf({}, nowMs)?.hasRoom(0, nowMs);
  }

  /** The same budget in a later policy. What was spent stays spent while the period stays. */
  changeTerms(terms: BudgetTerms): void {
    const isOtherwiseKept = terms.each !== this.#terms.each;
    this.#terms = terms;
    this.mode = terms.mode;
    this.#each = terms.each;
    this.#accountTerms = accountTermsOf(terms);
    const period = periodOf(terms);
    // An end that was moved keeps the period; one that began later is a new one.
    if (isOtherwiseKept || period.startMs > this.#period.startMs) this.#startPeriod(period);
    else if (period.endMs > this.#period.startMs) {
      this.#setPeriod({ ...period, startMs: this.#period.startMs });
    }
    for (const account of this.accounts) account.changeTerms(this.#accountTerms);
  }

  #startPeriod(period: BudgetPeriod): void {
    for (const account of this.accounts) account.close();
    this.#only = undefined;
    this.#accounts = undefined;
    this.#setPeriod(period);
  }

  #setPeriod(period: BudgetPeriod): void {
    this.#period = period;
    this.#endMs = period.endMs;
  }

  #openFor(value: string): BudgetAccount {
    this.#accounts ??= new Map();
    const name = this.#accounts.size >= this.#accountsMax ? ALL_OTHERS : value;
    const known = this.#accounts.get(name);
    if (known !== undefined) return known;
    const account = this.#open(name);
    this.#accounts.set(name, account);
    return account;
  }

  #open(value: string | undefined): BudgetAccount {
    const key = { budgetId: this.#terms.id, value, periodStartMs: this.#period.startMs };
    return new BudgetAccount(key, this.#accountTerms, this.#source);
  }
}

function accountTermsOf(terms: BudgetTerms): AccountTerms {
  const { limitNanoUsd, mode, failMode, windowMs } = terms;
  return {
    limitNanoUsd: BigInt(limitNanoUsd),
    failMode,
    isEnforced: mode === "enforce",
    takesWorst: takesWorst(terms),
    ...(windowMs !== undefined && { windowMs }),
  };
}

function periodOf({ periodStartsAt, resetsAt, laterResetsAt = [] }: BudgetTerms): BudgetPeriod {
  return {
    startMs: Date.parse(periodStartsAt),
    endMs: resetsAt === undefined ? Infinity : Date.parse(resetsAt),
    laterEndsMs: laterResetsAt.map((time) => Date.parse(time)),
  };
}
