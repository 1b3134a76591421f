import { projectSummary } from "@lensai/analytics/queries/project-summary";
import { topGroups } from "@lensai/analytics/queries/top-groups";
import { proposeBudgets, type Proposal } from "../../budgets/proposals.ts";
import type { LakeReader } from "./lake-reader.ts";

const HOUR_MS = 3_600_000;
const DAYS = 30;
const DAY_MS = 86_400_000;
/** The dearest may be the calls that name nobody. */
const ROWS = 2;

/** Budgets that fit what was spent in the last 30 days. Rejects with the lake's or the query's LensError. */
export async function loadProposals(
  lake: LakeReader,
  { projectId, nowUnixMs }: { projectId: string; nowUnixMs: number },
): Promise<Proposal[]> {
  await lake.refresh();
  const toUnixMs = Math.ceil((nowUnixMs + 1) / HOUR_MS) * HOUR_MS;
  const range = { fromUnixMs: toUnixMs - DAYS * DAY_MS, toUnixMs };
  return lake.ask({ name: "proposals", projectId, ...range }, async (target) => {
    const [summary, users, models] = await Promise.all([
      projectSummary(projectId, range, target),
      topGroups(projectId, { ...range, by: "user", limit: ROWS }, target),
      topGroups(projectId, { ...range, by: "model", limit: ROWS }, target),
    ]);
    const model = models.find((row) => row.key !== undefined && row.costNanoUsd !== undefined);
    return proposeBudgets({
      costNanoUsd: summary.costNanoUsd ?? 0n,
      dearestUserNanoUsd: users.find(({ key }) => key !== undefined)?.costNanoUsd,
      dearestModel: model && { name: model.key ?? "", costNanoUsd: model.costNanoUsd ?? 0n },
    });
  });
}
