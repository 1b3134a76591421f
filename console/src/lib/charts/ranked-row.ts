import type { Group, GroupFigures } from "@lensai/analytics/queries/top-groups";
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

/** Groups in the colours of the chart beside them: `chartKeys` are the names that it shows; without one, all in one colour. */
export function rankGroups(rows: readonly Group[], chartKeys?: readonly string[]): RankedRow[] {
  const colors = seriesColors(chartKeys ?? []);
  const otherColor = chartKeys === undefined ? "var(--accent)" : "var(--series-other)";
  return rows.map(({ key, ...figures }) => ({
    ...toRow(figures),
    name: key,
    color: colors.get(key ?? "") ?? otherColor,
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
