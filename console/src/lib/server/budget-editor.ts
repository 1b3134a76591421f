import type { ScopeValues } from "@lensai/analytics/queries/scope-values";
import { inputOf, problemsOf, readFields } from "../budgets/budget-fields.ts";
import type { BudgetFields, FieldProblems } from "../budgets/budget-fields.ts";
import type { TimedLimit } from "../budgets/limit-at.ts";
import type { Console } from "./console.ts";
import { BACKTEST_DAYS } from "./lake/load-backtest.ts";
import { loadBudgetPreview, type BudgetPreview } from "./lake/load-budget-preview.ts";
import { loadScopeValues } from "./lake/load-impact.ts";
import { createBudgetSchema } from "./services/budgets/schemas.ts";

/** What the form of a budget shows. */
export interface EditorData {
  readonly fields: BudgetFields;
  readonly problems: FieldProblems;
  readonly values: ScopeValues;
  readonly preview: BudgetPreview | undefined;
  readonly days: number;
  readonly daysOffered: readonly number[];
  readonly timeZones: readonly string[];
}

export interface EditorQuestion {
  readonly projectId: string;
  /** What stands in the form before anybody fills it in. */
  readonly base: BudgetFields;
  /** What somebody has filled in, in the address. */
  readonly query: URLSearchParams;
  readonly overrides?: readonly TimedLimit[];
}

const DAYS_DEFAULT = 30;

/** Fills the form, and tries what stands in it on stored calls. Rejects with the lake's or the query's LensError. */
export async function loadEditor(
  { services, lake }: Console,
  { projectId, base, query, overrides = [] }: EditorQuestion,
): Promise<EditorData> {
  const given = readFields(query);
  // A box that is not ticked is not in the address; before anything is tried, the base has it.
  const { alertsOnForecast: _alerts, clamp: _clamp, ...unticked } = base;
  const fields = query.has("preview") ? { ...unticked, ...given } : { ...base, ...given };
  const days = BACKTEST_DAYS.find((each) => String(each) === query.get("days")) ?? DAYS_DEFAULT;
  const nowUnixMs = services.now().getTime();
  const isComplete = (fields.limitUsd ?? "") !== "";
  const parsed = isComplete ? parseFields(projectId, fields) : undefined;
  const [values, preview] = await Promise.all([
    loadScopeValues(lake, { projectId, nowUnixMs }),
    parsed?.success === true
      ? loadBudgetPreview(lake, { projectId, budget: parsed.data, overrides, days, nowUnixMs })
      : undefined,
  ]);
  return {
    fields,
    problems: parsed?.success === false ? problemsOf(parsed.error.issues) : {},
    values,
    preview,
    days,
    daysOffered: BACKTEST_DAYS,
    timeZones: ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")],
  };
}

/** A budget can be tried before it has a name. */
function parseFields(projectId: string, fields: BudgetFields) {
  return createBudgetSchema.safeParse({
    projectId,
    ...inputOf({ ...fields, name: fields.name || "unnamed" }),
  });
}
