import type { UnknownPricePolicy } from "@lensai/otel-config/control/budgets";

/** A call as the lake has it. Calls are given in the order in which they started. */
export interface StoredCall {
  readonly startUnixMs: number;
  /** undefined: nobody knows the price. */
  readonly costNanoUsd: bigint | undefined;
  /** Whose call it was: of the attribute that the budget is for each of, or the user. */
  readonly value: () => string | undefined;
  readonly model: () => string | undefined;
}

interface Period {
  readonly startMs: number;
  /** Exclusive; may be Infinity. */
  readonly endMs: number;
}

export interface BacktestTerms {
  readonly limitNanoUsd: bigint;
  /** Every value has the amount for itself; calls without one are not counted. */
  readonly isForEach: boolean;
  readonly unknownPrice: UnknownPricePolicy;
  /** Rising. */
  readonly thresholdsPercent: readonly number[];
  /** The period that a moment is in; undefined where the budget limits nothing. */
  readonly periodAt: (unixMs: number) => Period | undefined;
  /** Of a rolling window, whose periods are its slices: what the slices of the last `windowMs` had counts, too. */
  readonly windowMs?: number | undefined;
}

/** What an enforcing budget would have done. Amounts are nano-USD. */
export interface Backtest {
  /** Billed calls of the scope, and those that the budget does not count because they have no value. */
  readonly calls: number;
  readonly uncountedCalls: number;
  readonly unpricedCalls: number;
  readonly costNanoUsd: bigint;
  readonly blockedCalls: number;
  /** What the blocked calls cost; those without a price are not in it. */
  readonly savedNanoUsd: bigint;
  /** In how many periods calls were blocked, and the latest of them, in order. */
  readonly blockedPeriodCount: number;
  readonly blockedPeriods: readonly BlockedPeriod[];
  /** All periods with calls. */
  readonly periodCount: number;
  /** How often the spend, as it was, reached each threshold; once per period and value. */
  readonly thresholds: readonly { readonly percent: number; readonly times: number }[];
  /** Who and which models were blocked, most saved first. */
  readonly blockedValues: readonly BlockedGroup[];
  readonly blockedModels: readonly BlockedGroup[];
  /** Different values among the blocked calls. */
  readonly blockedValueCount: number;
}

export interface BlockedGroup {
  /** undefined: calls without one. */
  readonly name: string | undefined;
  readonly blockedCalls: number;
  readonly savedNanoUsd: bigint;
}

export interface BlockedPeriod extends Period {
  readonly firstBlockedUnixMs: number;
  readonly blockedCalls: number;
  readonly savedNanoUsd: bigint;
}

const GROUPS_LISTED = 8;
/** Of a budget by the hour over a quarter of a year, the latest. */
const PERIODS_LISTED_MAX = 100;

/**
 * Plays a budget over stored calls. A call counts from the moment it started with what it came to cost, as the
 * reservation of a guard does that estimates well: what is in flight is never missing, and belongs to the period in
 * which it started. A blocked call costs nothing and is not tried again.
 */
export class BacktestRun {
  readonly #terms: BacktestTerms;
  readonly #accounts = new Map<string | undefined, Account>();
  readonly #values = new Map<string | undefined, Tally>();
  readonly #models = new Map<string | undefined, Tally>();
  readonly #blockedPeriods: (Period & Tally & { firstBlockedUnixMs: number })[] = [];
  readonly #timesReached: number[];
  #period: Period | undefined;
  #periodCount = 0;
  #calls = 0;
  #uncountedCalls = 0;
  #unpricedCalls = 0;
  #costNanoUsd = 0n;
  readonly #blocked: Tally = newTally();

  constructor(terms: BacktestTerms) {
    this.#terms = terms;
    this.#timesReached = terms.thresholdsPercent.map(() => 0);
  }

  add(call: StoredCall): void {
    this.#calls += 1;
    this.#costNanoUsd += call.costNanoUsd ?? 0n;
    if (call.costNanoUsd === undefined) this.#unpricedCalls += 1;
    const period = this.#periodOf(call.startUnixMs);
    // Text is dear to read: of most calls nobody needs to know whose they were.
    const value = this.#terms.isForEach ? call.value() : undefined;
    if (period === undefined || (this.#terms.isForEach && value === undefined)) {
      this.#uncountedCalls += 1;
      return;
    }
    const account = this.#accountOf(value);
    account.enter(period, this.#terms.windowMs);
    for (const at of account.count(call.costNanoUsd ?? 0n))
      this.#timesReached[at] = (this.#timesReached[at] ?? 0) + 1;
    if (this.#isAdmitted(account, call.costNanoUsd)) account.admit(call.costNanoUsd ?? 0n);
    else this.#block(call, period);
  }

  result(): Backtest {
    const { thresholdsPercent } = this.#terms;
    return {
      calls: this.#calls,
      uncountedCalls: this.#uncountedCalls,
      unpricedCalls: this.#unpricedCalls,
      costNanoUsd: this.#costNanoUsd,
      ...this.#blocked,
      blockedPeriodCount: this.#blockedPeriods.length,
      blockedPeriods: this.#blockedPeriods.slice(-PERIODS_LISTED_MAX),
      periodCount: this.#periodCount,
      thresholds: thresholdsPercent.map((percent, at) => ({
        percent,
        times: this.#timesReached[at] ?? 0,
      })),
      blockedValues: dearest(this.#values),
      blockedModels: dearest(this.#models),
      blockedValueCount: this.#values.size,
    };
  }

  #isAdmitted(account: Account, costNanoUsd: bigint | undefined): boolean {
    // What the dearest of a family costs is unknown here: such a call passes for nothing, and is told of.
    if (costNanoUsd === undefined) return this.#terms.unknownPrice !== "block";
    return account.admittedNanoUsd + costNanoUsd <= this.#terms.limitNanoUsd;
  }

  #periodOf(unixMs: number): Period | undefined {
    if (this.#period === undefined || unixMs >= this.#period.endMs) {
      this.#period = this.#terms.periodAt(unixMs);
      if (this.#period !== undefined) this.#periodCount += 1;
    }
    return this.#period;
  }

  #accountOf(value: string | undefined): Account {
    const known = this.#accounts.get(value);
    if (known !== undefined) return known;
    const account = new Account(
      this.#terms.thresholdsPercent.map((percent) => thresholdOf(this.#terms, percent)),
    );
    this.#accounts.set(value, account);
    return account;
  }

  #block({ costNanoUsd, value, model, startUnixMs }: StoredCall, period: Period): void {
    let last = this.#blockedPeriods.at(-1);
    if (last === undefined || last.startMs !== period.startMs) {
      last = { ...period, ...newTally(), firstBlockedUnixMs: startUnixMs };
      this.#blockedPeriods.push(last);
    }
    const tallies = [
      this.#blocked,
      last,
      tallyOf(this.#values, value()),
      tallyOf(this.#models, model()),
    ];
    for (const tally of tallies) {
      tally.blockedCalls += 1;
      tally.savedNanoUsd += costNanoUsd ?? 0n;
    }
  }
}

function thresholdOf({ limitNanoUsd }: BacktestTerms, percent: number): bigint {
  return (limitNanoUsd * BigInt(percent)) / 100n;
}

interface Tally {
  blockedCalls: number;
  savedNanoUsd: bigint;
}

const newTally = (): Tally => ({ blockedCalls: 0, savedNanoUsd: 0n });

function tallyOf(tallies: Map<string | undefined, Tally>, name: string | undefined): Tally {
  const known = tallies.get(name);
  if (known !== undefined) return known;
  const tally = newTally();
  tallies.set(name, tally);
  return tally;
}

function dearest(tallies: ReadonlyMap<string | undefined, Tally>): BlockedGroup[] {
  return [...tallies]
    .map(([name, { blockedCalls, savedNanoUsd }]) => ({ name, blockedCalls, savedNanoUsd }))
    .toSorted((one, other) => {
      if (one.savedNanoUsd !== other.savedNanoUsd)
        return one.savedNanoUsd > other.savedNanoUsd ? -1 : 1;
      return other.blockedCalls - one.blockedCalls;
    })
    .slice(0, GROUPS_LISTED);
}

interface Slice {
  readonly startMs: number;
  readonly admittedNanoUsd: bigint;
  readonly actualNanoUsd: bigint;
}

/** What one value, or all together, have spent in the period that runs and in the window before it. */
class Account {
  readonly #thresholds: readonly bigint[];
  #startMs = -Infinity;
  /** Earlier slices of a rolling window; none of a calendar period. */
  #before: Slice[] = [];
  #beforeAdmitted = 0n;
  #beforeActual = 0n;
  #admitted = 0n;
  #actual = 0n;
  #reached = 0;

  constructor(thresholds: readonly bigint[]) {
    this.#thresholds = thresholds;
  }

  /** What was admitted and counts against the limit now. */
  get admittedNanoUsd(): bigint {
    return this.#beforeAdmitted + this.#admitted;
  }

  enter({ startMs }: Period, windowMs: number | undefined): void {
    if (startMs === this.#startMs) return;
    if (windowMs !== undefined) this.#keepSlice(startMs - windowMs);
    this.#startMs = startMs;
    this.#admitted = 0n;
    this.#actual = 0n;
    this.#reached = this.#thresholds.findLastIndex((amount) => this.#beforeActual >= amount) + 1;
  }

  /** Counts what was spent, blocked or not; answers the thresholds that this reaches. */
  count(costNanoUsd: bigint): readonly number[] {
    this.#actual += costNanoUsd;
    const spent = this.#beforeActual + this.#actual;
    const reached: number[] = [];
    for (
      let next = this.#thresholds[this.#reached];
      next !== undefined && spent >= next;
      next = this.#thresholds[this.#reached]
    ) {
      reached.push(this.#reached);
      this.#reached += 1;
    }
    return reached;
  }

  admit(costNanoUsd: bigint): void {
    this.#admitted += costNanoUsd;
  }

  #keepSlice(sinceMs: number): void {
    const slice = {
      startMs: this.#startMs,
      admittedNanoUsd: this.#admitted,
      actualNanoUsd: this.#actual,
    };
    this.#before = [...this.#before, slice].filter(({ startMs }) => startMs >= sinceMs);
    this.#beforeAdmitted = this.#before.reduce((sum, each) => sum + each.admittedNanoUsd, 0n);
    this.#beforeActual = this.#before.reduce((sum, each) => sum + each.actualNanoUsd, 0n);
  }
}
