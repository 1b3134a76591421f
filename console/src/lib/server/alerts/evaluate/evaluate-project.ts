import type { LakeReader } from "../../lake/lake-reader.ts";
import { loadSources } from "../../lake/load-sources.ts";
import { LOOKED_BACK_MS } from "../../services/alerts/pace.ts";
import { recordAlerts, type AlertOccurrence } from "../../services/alerts/record-alerts.ts";
import { listBudgets } from "../../services/budgets/list.ts";
import type { ServiceContext } from "../../services/context.ts";
import { budgetAlerts, type BudgetReading } from "./budget-alerts.ts";
import type { ExhaustedBudgets } from "./exhausted-budgets.ts";
import { forecastAlert } from "./forecast-alert.ts";
import { readBudgets, readEndedBudgets, readForecast } from "./read-budgets.ts";
import { sourceAlerts } from "./source-alerts.ts";

export interface EvaluationOptions {
  readonly services: ServiceContext;
  readonly lake: LakeReader;
  readonly exhausted: ExhaustedBudgets;
  /** Keys that were recorded, by project: what is known need not be written again at every look. */
  readonly known: KnownKeys;
}

export type KnownKeys = Map<string, Set<string>>;

export interface ProjectQuestion {
  readonly projectId: string;
  /** Also what changes slowly: forecasts and sources. */
  readonly isThorough: boolean;
}

const DAY_MS = 86_400_000;
/** Of an alert of a source: what came in lately. */
const SOURCES_WINDOW_MS = DAY_MS;
const MINUTE_MS = 60_000;

/**
 * Looks at one project and records what there is to tell. True when something is held back, to be found again at a later
 * look. Rejects when the lake or the database cannot be asked.
 */
export async function evaluateProject(
  options: EvaluationOptions,
  { projectId, isThorough }: ProjectQuestion,
): Promise<boolean> {
  const { services, lake, known, exhausted } = options;
  const now = services.now();
  const at = new Date(now.getTime() - LOOKED_BACK_MS);
  const budgets = await listBudgets(services.db, { projectId, at });
  const readings = await readBudgets(services.db, { budgets, now, exhausted });
  const ended = await readEndedBudgets(services.db, { budgets, now, exhausted });
  const occurrences = [...readings, ...ended].flatMap((reading) => budgetAlerts(reading));
  if (isThorough) {
    await lake.refresh();
    const wanted = new Set(budgets.filter((budget) => budget.alertsOnForecast).map(({ id }) => id));
    const forecast = readings.filter(
      ({ budget, each }) => each === undefined && wanted.has(budget.id),
    );
    occurrences.push(
      ...(await forecastAlerts(lake, projectId, { readings: forecast, now })),
      ...sourceAlerts(await loadSources(lake, projectId, recently(now)), now),
    );
  }
  return await recordUnknown(services, known, { projectId, occurrences });
}

/** More keys than this are forgotten and found in the database again. */
const KNOWN_MAX = 20_000;

/** Records what is not known to be recorded. True when something of it is held back. */
export async function recordUnknown(
  services: ServiceContext,
  known: KnownKeys,
  { projectId, occurrences }: { projectId: string; occurrences: readonly AlertOccurrence[] },
): Promise<boolean> {
  const keys = known.get(projectId) ?? new Set();
  const fresh = occurrences.filter(({ key }) => !keys.has(key));
  if (fresh.length === 0) return false;
  const { held } = await services.db.transaction((transaction) =>
    recordAlerts(transaction, services, { projectId, occurrences: fresh }),
  );
  if (keys.size > KNOWN_MAX) keys.clear();
  for (const { key } of fresh) keys.add(key);
  for (const { key } of held) keys.delete(key);
  known.set(projectId, keys);
  return held.length > 0;
}

async function forecastAlerts(
  lake: LakeReader,
  projectId: string,
  { readings, now }: { readings: readonly BudgetReading[]; now: Date },
): Promise<AlertOccurrence[]> {
  const found: AlertOccurrence[] = [];
  for (const reading of readings) {
    const alert = forecastAlert(reading, await readForecast(lake, projectId, { reading, now }));
    if (alert !== undefined) found.push(alert);
  }
  return found;
}

/** To the minute, so that two looks at the same files find one answer. */
function recently(now: Date): { fromUnixMs: number; toUnixMs: number } {
  const toUnixMs = Math.ceil(now.getTime() / MINUTE_MS) * MINUTE_MS;
  return { fromUnixMs: toUnixMs - SOURCES_WINDOW_MS, toUnixMs };
}
