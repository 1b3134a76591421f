import { formatMoney } from "../format/money.ts";
import { formatFullTime } from "../format/time.ts";
import type { PeriodRule } from "./period.ts";
import { periodWords } from "./period-words.ts";

/** An entry of the audit log about a budget. */
export interface BudgetChange {
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** How people read the terms of a budget. */
const LABELS: Readonly<Record<string, string>> = {
  name: "name",
  scope: "scope",
  each: "for each",
  limitNanoUsd: "amount",
  period: "period",
  thresholdsPercent: "thresholds",
  alertsOnForecast: "tells of the forecast",
  mode: "mode",
  failMode: "ledger out of reach",
  unknownPrice: "unknown price",
  clamp: "clamp",
  owner: "owner",
  notes: "notes",
};

/** "mode: observe → enforce", one line for each term that changed. */
export function changedTerms({ before, after }: BudgetChange): string[] {
  const [old, latest] = [membersOf(before), membersOf(after)];
  return Object.keys(latest)
    .filter((name) => LABELS[name] !== undefined)
    .map(
      (name) =>
        `${LABELS[name]}: ${valueWords(name, old[name])} → ${valueWords(name, latest[name])}`,
    );
}

/** "made it", "raised it to $8.00 until 2026-11-01 12:00 UTC: launch day". */
export function actionWords(change: BudgetChange): string {
  const { limitNanoUsd, endsAt, reason } = membersOf(change.after ?? change.before);
  switch (change.action) {
    case "budget.create":
      return `made it: ${valueWords("limitNanoUsd", limitNanoUsd)}, ${valueWords("mode", membersOf(change.after)["mode"])}`;
    case "budget.update":
      return "changed it";
    case "budget.override":
      return `raised it to ${valueWords("limitNanoUsd", limitNanoUsd)} until ${timeWords(endsAt)}: ${String(reason)}`;
    case "budget.end_override":
      return `ended the raise to ${valueWords("limitNanoUsd", limitNanoUsd)}`;
    case "budget.delete":
      return "deleted it";
    default:
      return change.action;
  }
}

/** For whoever wanted to save what somebody else has changed meanwhile. */
export function conflictWords(latest: BudgetChange | undefined): string {
  const who = latest === undefined ? "somebody" : latest.actor;
  const what = latest === undefined ? [] : changedTerms(latest);
  const changed = what.length === 0 ? "" : ` (${what.join("; ")})`;
  return `${who} changed this budget while you did${changed}. What you have filled in still stands below: saving now overwrites their change.`;
}

/** Since when the budget is enforced, by its entries, latest first; undefined when it is not. */
export function enforcedSince(changes: readonly BudgetChange[]): Date | undefined {
  const decided = changes.find(({ after }) => membersOf(after)["mode"] !== undefined);
  return membersOf(decided?.after)["mode"] === "enforce" ? decided?.at : undefined;
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** Values that are not read as they are stored. What the log holds was parsed before it was written. */
const WORDS: Readonly<Record<string, (value: unknown) => string>> = {
  limitNanoUsd: (value) => formatMoney(BigInt(value as string)),
  period: (value) => periodWords(value as PeriodRule),
  scope: (value) => scopeWords(membersOf(value)),
  alertsOnForecast: yesOrNo,
  clamp: yesOrNo,
};

function valueWords(name: string, value: unknown): string {
  if (value === null || value === undefined || value === "") return "none";
  const words = WORDS[name];
  if (words !== undefined) return words(value);
  if (Array.isArray(value)) return value.length === 0 ? "none" : value.join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

function yesOrNo(value: unknown): string {
  return value === true ? "yes" : "no";
}

function scopeWords(scope: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(scope).map(([key, value]) => `${key} ${String(value)}`);
  return parts.length === 0 ? "every call" : parts.join(", ");
}

function timeWords(value: unknown): string {
  const ms = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return Number.isNaN(ms) ? "?" : formatFullTime(ms).replace(/:\d\d\.\d{3}/, "");
}
