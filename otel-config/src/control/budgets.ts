import { isScopeKey, scopeOf } from "./call-scope.ts";
import type { CallScope, ScopeKey } from "./call-scope.ts";
import {
  flagOf,
  nanoUsdOf,
  oneOf,
  optionalTimeOf,
  refuse,
  textOf,
  timeOf,
  timesOf,
} from "./section-fields.ts";
import type { SectionEntry } from "./section-fields.ts";

/** `observe` and `warn` never refuse; `warn` marks the calls that `enforce` would have refused. */
export const BUDGET_MODES = ["observe", "warn", "enforce"] as const;
/** What a process does when it cannot get a lease: refuse, use up what it holds and then refuse, or go on. */
export const FAIL_MODES = ["closed", "spend_lease_then_closed", "open"] as const;
/** What happens to a call whose price nobody knows. */
export const UNKNOWN_PRICE_POLICIES = ["block", "assume_family_max", "allow"] as const;

export type BudgetMode = (typeof BUDGET_MODES)[number];
export type FailMode = (typeof FAIL_MODES)[number];
export type UnknownPricePolicy = (typeof UNKNOWN_PRICE_POLICIES)[number];

/** What a process must know of a budget to keep to it. Amounts are nano-USD in digits. */
export interface BudgetTerms {
  readonly id: string;
  readonly name: string;
  readonly scope: CallScope;
  /** Every value of this attribute has the whole amount for itself. */
  readonly each?: ScopeKey;
  readonly limitNanoUsd: string;
  readonly mode: BudgetMode;
  readonly failMode: FailMode;
  readonly unknownPrice: UnknownPricePolicy;
  /** Lower what the model may write to what is left, instead of refusing. */
  readonly clamp: boolean;
  /** ISO 8601, UTC. The period that now runs; also names it. */
  readonly periodStartsAt: string;
  /** When the next one starts; absent for a total. */
  readonly resetsAt?: string;
  /**
   * When the periods after the next one start, in order: a few, since months and days of a time zone are not
   * equally long and only the console knows the calendar. For processes that hear nothing for a while.
   */
  readonly laterResetsAt?: readonly string[];
  /**
   * Of a rolling window: its length. The periods are then equal slices of it, and what was spent in the slices
   * of the last `windowMs` before a period counts against the limit of this period as well.
   */
  readonly windowMs?: number;
}

export interface ControlBudget extends BudgetTerms {
  readonly projectId: string;
}

/**
 * Does a budget make calls smaller rather than be overspent? What nobody counts is taken then for the most that it can
 * be.
 */
export function takesWorst({ mode, clamp }: Pick<BudgetTerms, "mode" | "clamp">): boolean {
  return mode === "enforce" && clamp;
}

export function parseBudget(entry: SectionEntry): ControlBudget {
  return { ...parseBudgetTerms(entry), projectId: textOf(entry, "projectId") };
}

export function parseBudgetTerms(entry: SectionEntry): BudgetTerms {
  const { at, fields } = entry;
  const each = fields["each"];
  if (each !== undefined && (typeof each !== "string" || !isScopeKey(each)))
    refuse(`${at}.each is not the name of an attribute`);
  const periodStartsAt = timeOf(entry, "periodStartsAt");
  const resetsAt = optionalTimeOf(entry, "resetsAt");
  if (resetsAt !== undefined && Date.parse(resetsAt) <= Date.parse(periodStartsAt))
    refuse(`${at}.resetsAt is not after periodStartsAt`);
  return {
    id: textOf(entry, "id"),
    name: textOf(entry, "name"),
    scope: scopeOf(entry),
    ...(each !== undefined && { each }),
    limitNanoUsd: nanoUsdOf(entry, "limitNanoUsd"),
    mode: oneOf(entry, "mode", BUDGET_MODES),
    failMode: oneOf(entry, "failMode", FAIL_MODES),
    unknownPrice: oneOf(entry, "unknownPrice", UNKNOWN_PRICE_POLICIES),
    clamp: flagOf(entry, "clamp"),
    periodStartsAt,
    ...(resetsAt !== undefined && { resetsAt, ...laterResetsOf(entry, resetsAt) }),
    ...windowOf(entry),
  };
}

function laterResetsOf(
  entry: SectionEntry,
  resetsAt: string,
): Pick<BudgetTerms, "laterResetsAt"> | undefined {
  const name = "laterResetsAt";
  if (entry.fields[name] === undefined) return undefined;
  const laterResetsAt = timesOf(entry, name);
  const boundaries = [resetsAt, ...laterResetsAt].map((time) => Date.parse(time));
  if (boundaries.some((ms, index) => index > 0 && ms <= (boundaries[index - 1] ?? ms)))
    refuse(`${entry.at}.${name} does not go on from resetsAt in order`);
  return { laterResetsAt };
}

function windowOf({ fields, at }: SectionEntry): Pick<BudgetTerms, "windowMs"> | undefined {
  const windowMs = fields["windowMs"];
  if (windowMs === undefined) return undefined;
  if (!Number.isSafeInteger(windowMs) || (windowMs as number) <= 0)
    refuse(`${at}.windowMs is not a whole number of milliseconds`);
  return { windowMs: windowMs as number };
}
