import type { CostOverTime } from "@lensai/analytics/queries/cost-over-time";
import type { CallLine } from "@lensai/analytics/queries/newest-calls";
import type { ProjectSummary } from "@lensai/analytics/queries/project-summary";
import type { TopModel } from "@lensai/analytics/queries/top-models";
import type { TopUser } from "@lensai/analytics/queries/top-users";

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
  readonly topModels: readonly TopModel[];
  readonly topUsers: readonly TopUser[];
  readonly newestCalls: readonly CallLine[];
}
