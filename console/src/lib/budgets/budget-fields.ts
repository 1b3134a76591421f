import { SCOPE_KEYS, type CallScope, type ScopeKey } from "@lensai/otel-config/control/call-scope";
import { parseUsd, usdDecimal } from "@lensai/otel-config/money";
import { scopeFromFields } from "../scope.ts";
import type { PeriodRule } from "./period.ts";

/** The fields of the form beside those of the scope, which are named as its keys. */
const FIELD_NAMES = [
  "name",
  "each",
  "limitUsd",
  "kind",
  "timeZone",
  "weekStartsOn",
  "monthDay",
  "firstMonth",
  "windowHours",
  "startsAt",
  "endsAt",
  "thresholds",
  "alertsOnForecast",
  "mode",
  "failMode",
  "unknownPrice",
  "clamp",
  "owner",
  "notes",
] as const;

export type BudgetFieldName = (typeof FIELD_NAMES)[number] | ScopeKey;

/** What stands in the form. A box that is not ticked sends nothing. */
export type BudgetFields = Partial<Record<BudgetFieldName, string>>;

/** What a budget is made of, as the service has it. */
export interface FieldSource {
  readonly name: string;
  readonly scope: CallScope;
  readonly each: ScopeKey | null;
  readonly limitNanoUsd: bigint | undefined;
  readonly period: PeriodRule;
  readonly thresholdsPercent: readonly number[];
  readonly alertsOnForecast: boolean;
  readonly mode: string;
  readonly failMode: string;
  readonly unknownPrice: string;
  readonly clamp: boolean;
  readonly owner: string | null;
  readonly notes: string | null;
}

const ALL_NAMES: ReadonlySet<string> = new Set([...FIELD_NAMES, ...SCOPE_KEYS]);

const HOUR_MS = 3_600_000;
const TICKED = "on";

/** Names that are no fields of ours are left out. */
export function readFields(entries: Iterable<readonly [string, unknown]>): BudgetFields {
  const given = [...entries].flatMap(([name, value]) =>
    ALL_NAMES.has(name) && typeof value === "string" ? [[name, value.trim()] as const] : [],
  );
  return Object.fromEntries(given);
}

export function fieldsOf(budget: FieldSource): BudgetFields {
  const { name, scope, each, limitNanoUsd, period, mode, failMode, unknownPrice } = budget;
  return {
    name,
    ...scope,
    each: each ?? "",
    limitUsd: limitNanoUsd === undefined ? "" : usdDecimal(limitNanoUsd),
    ...periodFields(period),
    thresholds: budget.thresholdsPercent.join(", "),
    ...(budget.alertsOnForecast && { alertsOnForecast: TICKED }),
    mode,
    failMode,
    unknownPrice,
    ...(budget.clamp && { clamp: TICKED }),
    owner: budget.owner ?? "",
    notes: budget.notes ?? "",
  };
}

function periodFields(rule: PeriodRule): BudgetFields {
  switch (rule.kind) {
    case "hour":
      return { kind: "hour" };
    case "day":
      return { kind: "day", timeZone: rule.timeZone };
    case "week":
      return { kind: "week", timeZone: rule.timeZone, weekStartsOn: String(rule.weekStartsOn) };
    case "month":
      return { kind: "month", timeZone: rule.timeZone, monthDay: String(rule.monthDay) };
    case "quarter":
      return { kind: "quarter", timeZone: rule.timeZone, firstMonth: String(rule.firstMonth) };
    case "rolling":
      return { kind: "rolling", windowHours: String(rule.windowMs / HOUR_MS) };
    case "total":
      return {
        kind: "total",
        startsAt: rule.startsAt?.slice(0, 16) ?? "",
        endsAt: rule.endsAt?.slice(0, 16) ?? "",
      };
  }
}

/** What the service's schema parses; what cannot be read is handed on, so that it is refused with its name. */
export function inputOf(fields: BudgetFields): Record<string, unknown> {
  return {
    name: fields.name ?? "",
    scope: scopeFromFields(Object.entries(fields)),
    each: fields.each === undefined || fields.each === "" ? null : fields.each,
    limitNanoUsd: limitDigits(fields.limitUsd ?? ""),
    period: periodOf(fields),
    thresholdsPercent: numbersOf(fields.thresholds ?? ""),
    alertsOnForecast: fields.alertsOnForecast !== undefined,
    mode: fields.mode,
    failMode: fields.failMode,
    unknownPrice: fields.unknownPrice,
    clamp: fields.clamp !== undefined,
    owner: fields.owner || null,
    notes: fields.notes || null,
  };
}

/** "$1,000.50" and "1000.5" as digits of nano-USD; what is no amount stays as it is, to be refused. */
export function limitDigits(text: string): string {
  const nano = parseUsd(text.replaceAll(/[$,\s]/g, ""));
  return nano === undefined ? text : nano.toString();
}

function numbersOf(text: string): number[] {
  return text
    .split(/[\s,;%]+/)
    .filter((part) => part !== "")
    .map(Number);
}

/** Only the anchors of the kind that is chosen: the others stand in the form of who changes his mind. */
function periodOf(fields: BudgetFields): Record<string, unknown> {
  const { kind, timeZone } = fields;
  const number = (name: BudgetFieldName): Record<string, number> =>
    fields[name] === undefined || fields[name] === "" ? {} : { [name]: Number(fields[name]) };
  switch (kind) {
    case "day":
      return { kind, timeZone };
    case "week":
      return { kind, timeZone, ...number("weekStartsOn") };
    case "month":
      return { kind, timeZone, ...number("monthDay") };
    case "quarter":
      return { kind, timeZone, ...number("firstMonth") };
    case "rolling":
      return { kind, windowMs: Number(fields.windowHours ?? "24") * HOUR_MS };
    case "total":
      return { kind, ...timeOf(fields, "startsAt"), ...timeOf(fields, "endsAt") };
    case undefined:
    default:
      return { kind };
  }
}

/** The value of a datetime-local input, in UTC. */
function timeOf(fields: BudgetFields, name: "startsAt" | "endsAt"): Record<string, string> {
  const value = fields[name] ?? "";
  if (value === "") return {};
  return { [name]: /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(value) ? `${value}:00Z` : value };
}

/** Problems by the field that they stand under; those of no field under "form". */
export type FieldProblems = Partial<Record<BudgetFieldName | "form", string>>;

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Where the form takes another form of a value than the service: its own words. */
const FORM_WORDS: FieldProblems = {
  limitUsd: "is an amount of dollars above zero and below a billion: 500, or 0.25",
};

export function problemsOf(issues: readonly Issue[]): FieldProblems {
  const problems: FieldProblems = {};
  for (const { path, message } of issues) {
    const field = fieldAt(path.map(String));
    problems[field] ??= FORM_WORDS[field] ?? message;
  }
  return problems;
}

function fieldAt([first = "", second = ""]: readonly string[]): BudgetFieldName | "form" {
  const name = { limitNanoUsd: "limitUsd", thresholdsPercent: "thresholds" }[first] ?? first;
  if (name === "scope") return ALL_NAMES.has(second) ? (second as ScopeKey) : "form";
  if (name === "period") {
    if (second === "windowMs") return "windowHours";
    return ALL_NAMES.has(second) ? (second as BudgetFieldName) : "kind";
  }
  return ALL_NAMES.has(name) ? (name as BudgetFieldName) : "form";
}
