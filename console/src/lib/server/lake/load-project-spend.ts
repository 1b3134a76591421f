import { costOverTime } from "@lensai/analytics/queries/cost-over-time";
import { projectSummary } from "@lensai/analytics/queries/project-summary";
import { usdForGeometry } from "../../format/money.ts";
import { parseTimeRange } from "../../time-range.ts";
import type { LakeReader } from "./lake-reader.ts";

/** What a project spent in the last 30 days, as its own page shows it for `range=30d`. */
export interface ProjectSpend {
  readonly calls: number;
  readonly unpricedCalls: number;
  /** Undefined: there are billed calls, and none has a price. */
  readonly costNanoUsd: bigint | undefined;
  /** Dollars per day, oldest first: for the geometry of a picture only. */
  readonly dailyUsd: readonly number[];
}

/** Per project, in the order given. Rejects with the lake's or the query's LensError. */
export async function loadProjectSpend(
  lake: LakeReader,
  projectIds: readonly string[],
  nowUnixMs: number,
): Promise<ProjectSpend[]> {
  const { fromUnixMs, toUnixMs, intervalMs } = parseTimeRange(
    new URLSearchParams({ range: "30d" }),
    nowUnixMs,
  ).range.window;
  const range = { fromUnixMs, toUnixMs };
  await lake.refresh();
  return Promise.all(
    projectIds.map((projectId) =>
      lake.ask({ name: "spend by day", projectId, ...range }, async (target) => {
        // One series and the sum of the others: all that is wanted is their sum.
        const byDay = { ...range, intervalMs, by: "model", series: 1 } as const;
        const [summary, cost] = await Promise.all([
          projectSummary(projectId, range, target),
          costOverTime(projectId, byDay, target),
        ]);
        const { calls, unpricedCalls, costNanoUsd } = summary;
        const dailyUsd = cost.bucketUnixMs.map((_, day) =>
          usdForGeometry(cost.series.reduce((sum, one) => sum + (one.costNanoUsd[day] ?? 0n), 0n)),
        );
        return { calls, unpricedCalls, costNanoUsd, dailyUsd };
      }),
    ),
  );
}
