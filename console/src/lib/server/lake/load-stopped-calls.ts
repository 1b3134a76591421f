import { stoppedCalls, type StoppedCalls } from "@lensai/analytics/queries/stopped-calls";
import type { Budget } from "../services/budgets/budget.ts";
import type { LakeReader } from "./lake-reader.ts";

export interface StoppedQuestion {
  readonly projectId: string;
  readonly budget: Pick<Budget, "id" | "each">;
  readonly days: number;
  readonly nowUnixMs: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const GROUPS_SHOWN = 5;

/** What a budget has stopped in the last days. Rejects with the lake's or the query's LensError. */
export async function loadStoppedCalls(
  lake: LakeReader,
  { projectId, budget: { id, each }, days, nowUnixMs }: StoppedQuestion,
): Promise<StoppedCalls> {
  await lake.refresh();
  const toUnixMs = Math.ceil((nowUnixMs + 1) / MINUTE_MS) * MINUTE_MS;
  const range = { fromUnixMs: toUnixMs - days * DAY_MS, toUnixMs };
  const input = { ...range, budgetId: id, by: each ?? "user", limit: GROUPS_SHOWN } as const;
  return lake.ask({ name: `stopped by ${id} ${input.by}`, projectId, ...range }, (target) =>
    stoppedCalls(projectId, input, target),
  );
}
