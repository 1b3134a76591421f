import type { CostOverTime } from "@lensai/analytics/queries/cost-over-time";
import type { CallLine } from "@lensai/analytics/queries/newest-calls";
import type { ProjectSummary } from "@lensai/analytics/queries/project-summary";
import type { Group } from "@lensai/analytics/queries/top-groups";

/** Start times from `fromUnixMs` up to, and not including, `toUnixMs`, in bars of `intervalMs`. */
export interface TimeWindow {
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
  readonly intervalMs: number;
}

/** The answers that make up the project page. Unknown is undefined, never 0. */
export interface Dashboard {
  readonly summary: ProjectSummary;
  readonly costOverTime: CostOverTime;
  readonly topModels: readonly Group[];
  readonly topUsers: readonly Group[];
  readonly newestCalls: readonly CallLine[];
}
