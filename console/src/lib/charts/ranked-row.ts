import type { TopModel } from "@lensai/analytics/queries/top-models";
import type { GroupFigures } from "@lensai/analytics/queries/top-groups";
import type { TopUser } from "@lensai/analytics/queries/top-users";
import { isAlarming } from "../error-share.ts";
import { formatShare } from "../format/percent.ts";
import { seriesColors } from "./series-colors.ts";

/** A line of a top list. */
export interface RankedRow {
  /** Undefined: the calls that name none. */
  readonly name: string | undefined;
  readonly color: string;
  readonly calls: number;
  /** Calls that count as spend; 0 when all of them failed before they cost anything. */
  readonly billedCalls: number;
  readonly unpricedCalls: number;
  readonly costNanoUsd: bigint | undefined;
  /** The cost comes partly from counts that are not the provider's. */
  readonly isEstimated: boolean;
  readonly inputTokens: number | undefined;
  readonly outputTokens: number | undefined;
  readonly p95LatencyMs: number | undefined;
  readonly errorShare: string;
  readonly isAlarming: boolean;
}

/** Models in the colours of the cost chart: `chartModels` are the names that it shows. */
export function rankModels(rows: readonly TopModel[], chartModels: readonly string[]): RankedRow[] {
  const colors = seriesColors(chartModels);
  return rows.map(({ model, ...figures }) => ({
    ...toRow(figures),
    name: model,
    color: colors.get(model ?? "") ?? "var(--series-other)",
  }));
}

export function rankUsers(rows: readonly TopUser[]): RankedRow[] {
  return rows.map(({ userId, ...figures }) => ({
    ...toRow(figures),
    name: userId,
    color: "var(--accent)",
  }));
}

function toRow(figures: GroupFigures): Omit<RankedRow, "name" | "color"> {
  const { calls, unpricedCalls, costNanoUsd, inputTokens, outputTokens, p95LatencyMs } = figures;
  const errorCalls = Math.round(figures.errorShare * calls);
  return {
    calls,
    billedCalls: figures.pricedCalls + unpricedCalls,
    unpricedCalls,
    costNanoUsd,
    isEstimated: figures.estimatedCalls > 0,
    inputTokens,
    outputTokens,
    p95LatencyMs,
    errorShare: formatShare(errorCalls, calls) ?? "–",
    isAlarming: isAlarming(errorCalls, calls),
  };
}
