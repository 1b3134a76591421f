import { costOverTime } from "@lensai/analytics/queries/cost-over-time";
import { newestCalls } from "@lensai/analytics/queries/newest-calls";
import { projectSummary, type ProjectSummary } from "@lensai/analytics/queries/project-summary";
import { topModels } from "@lensai/analytics/queries/top-models";
import { topUsers } from "@lensai/analytics/queries/top-users";
import type { Dashboard, TimeWindow } from "../../dashboard.ts";
import type { LakeReader } from "./lake-reader.ts";

/** As many as there are colours that people can tell apart beside each other. */
const CHART_MODELS = 8;
const TOP_ROWS = 8;
const NEWEST_CALLS = 50;

export interface DashboardAnswer {
  readonly dashboard: Dashboard;
  /** When the newest record of the project arrived, whatever the time range; undefined: none is known. */
  readonly newestReceivedUnixMs: number | undefined;
  /** Rows of any kind, at any time. */
  readonly hasRows: boolean;
  /** Model calls, at any time within the last year. */
  readonly hasCalls: boolean;
}

/** Everything that the project page shows. Rejects with the lake's or the query's LensError. */
export async function loadDashboard(
  lake: LakeReader,
  projectId: string,
  window: TimeWindow,
): Promise<DashboardAnswer> {
  await lake.refresh();
  const [dashboard, activity] = await Promise.all([
    queryDashboard(lake, projectId, window),
    lastActivity(lake, projectId, window.toUnixMs),
  ]);
  return { dashboard, ...activity, hasRows: lake.hasRows(projectId) };
}

async function queryDashboard(
  lake: LakeReader,
  projectId: string,
  window: TimeWindow,
): Promise<Dashboard> {
  const { fromUnixMs, toUnixMs, intervalMs } = window;
  const range = { fromUnixMs, toUnixMs };
  const { filesKey, ...target } = await lake.target({ kind: "spans", projectId, ...range });
  const key = JSON.stringify(["dashboard", projectId, window, filesKey]);
  return lake.results.get(key, async () => {
    const top = { ...range, limit: TOP_ROWS };
    const [summary, cost, models, users, calls] = await Promise.all([
      projectSummary(projectId, range, target),
      costOverTime(projectId, { ...range, intervalMs, models: CHART_MODELS }, target),
      topModels(projectId, top, target),
      topUsers(projectId, top, target),
      newestCalls(projectId, { ...range, limit: NEWEST_CALLS }, target),
    ]);
    return { summary, costOverTime: cost, topModels: models, topUsers: users, newestCalls: calls };
  });
}

const DAY_MS = 86_400_000;
/** Looks back step by step: a busy project is answered by the first. */
const LOOK_BACK_MS: readonly number[] = [DAY_MS, 31 * DAY_MS, 366 * DAY_MS];
/** Clocks of apps run ahead now and then. */
const LOOK_AHEAD_MS = DAY_MS;

type Activity = Pick<DashboardAnswer, "newestReceivedUnixMs" | "hasCalls">;

async function lastActivity(
  lake: LakeReader,
  projectId: string,
  aboutUnixMs: number,
): Promise<Activity> {
  // Whole days, so that the answers can be kept while the window moves.
  const nowUnixMs = Math.max(Date.now(), aboutUnixMs);
  const toUnixMs = (Math.floor(nowUnixMs / DAY_MS) + 1) * DAY_MS + LOOK_AHEAD_MS;
  let newestReceivedUnixMs: number | undefined;
  for (const lookBackMs of LOOK_BACK_MS) {
    const range = { fromUnixMs: toUnixMs - LOOK_AHEAD_MS - DAY_MS - lookBackMs, toUnixMs };
    const { calls, newestReceivedUnixMs: newest } = await summaryOf(lake, projectId, range);
    newestReceivedUnixMs ??= newest;
    if (calls > 0) return { newestReceivedUnixMs, hasCalls: true };
  }
  return { newestReceivedUnixMs, hasCalls: false };
}

async function summaryOf(
  lake: LakeReader,
  projectId: string,
  range: { fromUnixMs: number; toUnixMs: number },
): Promise<ProjectSummary> {
  const { filesKey, ...target } = await lake.target({ kind: "spans", projectId, ...range });
  const key = JSON.stringify(["summary", projectId, range, filesKey]);
  return lake.results.get(key, () => projectSummary(projectId, range, target));
}
