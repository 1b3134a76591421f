import { costOverTime } from "@lensai/analytics/queries/cost-over-time";
import { newestCalls } from "@lensai/analytics/queries/newest-calls";
import { projectSummary, type ProjectSummary } from "@lensai/analytics/queries/project-summary";
import { topGroups } from "@lensai/analytics/queries/top-groups";
import type { Dashboard, TimeWindow } from "../../dashboard.ts";
import { windowBefore, type TimeRange } from "../../time-range.ts";
import type { LakeReader } from "./lake-reader.ts";

/** As many as there are colours that people can tell apart beside each other. */
const CHART_MODELS = 8;
const TOP_ROWS = 8;
const NEWEST_CALLS = 25;

type Period = Pick<TimeWindow, "fromUnixMs" | "toUnixMs">;

export interface DashboardAnswer {
  readonly dashboard: Dashboard;
  /** The time that the range is compared with, and what was spent in it; undefined: nothing that has a price, or it is not all kept. */
  readonly before: Period & { readonly costNanoUsd: bigint | undefined };
  /** When the newest record of the project arrived, whatever the time range; undefined: none is known. */
  readonly newestReceivedUnixMs: number | undefined;
  /** Rows of any kind, at any time. */
  readonly hasRows: boolean;
  /** Model calls, at any time within the last year. */
  readonly hasCalls: boolean;
}

export interface DashboardQuestion {
  readonly projectId: string;
  readonly range: TimeRange;
  readonly nowUnixMs: number;
  /** What began before is deleted; undefined: nothing is. */
  readonly keptFromMs: number | undefined;
}

/** Everything that the project page shows. Rejects with the lake's or the query's LensError. */
export async function loadDashboard(
  lake: LakeReader,
  { projectId, range, nowUnixMs, keptFromMs = -Infinity }: DashboardQuestion,
): Promise<DashboardAnswer> {
  await lake.refresh();
  const before = windowBefore(range, nowUnixMs);
  const [dashboard, activity, earlier] = await Promise.all([
    queryDashboard(lake, projectId, range.window),
    lastActivity(lake, projectId, nowUnixMs),
    querySummary(lake, projectId, before),
  ]);
  return {
    dashboard,
    before: {
      ...before,
      costNanoUsd: before.fromUnixMs < keptFromMs ? undefined : earlier.costNanoUsd,
    },
    ...activity,
    hasRows: lake.hasRows(projectId),
  };
}

async function queryDashboard(
  lake: LakeReader,
  projectId: string,
  window: TimeWindow,
): Promise<Dashboard> {
  const { fromUnixMs, toUnixMs, intervalMs } = window;
  const range = { fromUnixMs, toUnixMs };
  const name = `dashboard in steps of ${intervalMs}`;
  return lake.ask({ name, projectId, ...range }, async (target) => {
    const top = { ...range, limit: TOP_ROWS };
    const [summary, cost, models, users, calls] = await Promise.all([
      projectSummary(projectId, range, target),
      costOverTime(projectId, { ...range, intervalMs, by: "model", series: CHART_MODELS }, target),
      topGroups(projectId, { ...top, by: "model" }, target),
      topGroups(projectId, { ...top, by: "user" }, target),
      newestCalls(projectId, { ...range, limit: NEWEST_CALLS }, target),
    ]);
    return { summary, costOverTime: cost, topModels: models, topUsers: users, newestCalls: calls };
  });
}

async function querySummary(
  lake: LakeReader,
  projectId: string,
  { fromUnixMs, toUnixMs }: Period,
): Promise<ProjectSummary> {
  const range = { fromUnixMs, toUnixMs };
  return lake.ask({ name: "summary", projectId, ...range }, (target) =>
    projectSummary(projectId, range, target),
  );
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
  nowUnixMs: number,
): Promise<Activity> {
  // Whole days, so that an answer is good for as long as the files are the same.
  const today = Math.floor(nowUnixMs / DAY_MS) * DAY_MS;
  const toUnixMs = today + DAY_MS + LOOK_AHEAD_MS;
  let newestReceivedUnixMs: number | undefined;
  for (const lookBackMs of LOOK_BACK_MS) {
    const range = { fromUnixMs: today - lookBackMs, toUnixMs };
    const summary = await querySummary(lake, projectId, range);
    newestReceivedUnixMs ??= summary.newestReceivedUnixMs;
    if (summary.calls > 0) return { newestReceivedUnixMs, hasCalls: true };
  }
  return { newestReceivedUnixMs, hasCalls: false };
}
