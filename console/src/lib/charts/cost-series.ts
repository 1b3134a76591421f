import type { CostOverTime, CostSeries } from "@lensai/analytics/queries/cost-over-time";
import type { DimensionWords } from "../call-dimensions.ts";
import { usdForGeometry } from "../format/money.ts";
import { seriesColors } from "./series-colors.ts";

/** One colour of the chart: a model, say, the calls that name none, or the sum of the small ones. */
interface ChartSeries {
  readonly key: string;
  readonly label: string;
  readonly color: string;
  readonly total: CostCell;
}

/** Money and calls of one place in the picture. */
interface CostCell {
  /** Sum of what is known; undefined when there are calls and none has a price. */
  readonly costNanoUsd: bigint | undefined;
  readonly calls: number;
  readonly unpricedCalls: number;
}

export interface CostColumn {
  readonly startUnixMs: number;
  readonly total: CostCell;
  /** In the order of the series. */
  readonly cells: readonly CostCell[];
}

interface StackSegment {
  readonly key: string;
  readonly color: string;
  readonly startUnixMs: number;
  /** Dollars above the axis, bottom and top: geometry only. */
  readonly spanUsd: readonly [bottom: number, top: number];
}

export interface CostChartData {
  /** Dearest first, the sum of the others last. */
  readonly series: readonly ChartSeries[];
  readonly columns: readonly CostColumn[];
  readonly segments: readonly StackSegment[];
}

/** Lays the answer out as stacked columns; the dearest series stands on the axis. */
export function buildCostChart(answer: CostOverTime, words: DimensionWords): CostChartData {
  const colors = seriesColors(answer.series.flatMap((series) => series.key ?? []));
  const series = answer.series.map((entry): ChartSeries => {
    const cells = answer.bucketUnixMs.map((_, bucket) => cellAt(entry, bucket));
    return { ...identityOf(entry, colors, words), total: sumCells(cells) };
  });
  const columns = answer.bucketUnixMs.map((startUnixMs, bucket): CostColumn => {
    const cells = answer.series.map((entry) => cellAt(entry, bucket));
    return { startUnixMs, total: sumCells(cells), cells };
  });
  return { series, columns, segments: columns.flatMap((column) => stack(column, series)) };
}

/** Keys of values carry a prefix: a model may be called "other". */
function identityOf(
  { kind, key }: CostSeries,
  colors: ReadonlyMap<string, string>,
  words: DimensionWords,
): Omit<ChartSeries, "total"> {
  if (kind === "other") {
    return { key: "other", label: `other ${words.plural}`, color: "var(--series-other)" };
  }
  if (key === undefined) {
    return { key: "unnamed", label: words.unnamed, color: "var(--series-unnamed)" };
  }
  return { key: `value:${key}`, label: key, color: colors.get(key) ?? "var(--series-other)" };
}

function cellAt(series: CostSeries, bucket: number): CostCell {
  return {
    costNanoUsd: series.costNanoUsd[bucket],
    calls: series.calls[bucket] ?? 0,
    unpricedCalls: series.unpricedCalls[bucket] ?? 0,
  };
}

/** Adds up what is known: the sum is unknown only when there are calls and none of them has a price. */
function sumCells(cells: readonly CostCell[]): CostCell {
  let costNanoUsd = 0n;
  let calls = 0;
  let unpricedCalls = 0;
  for (const cell of cells) {
    costNanoUsd += cell.costNanoUsd ?? 0n;
    calls += cell.calls;
    unpricedCalls += cell.unpricedCalls;
  }
  const isUnknown = calls > 0 && calls === unpricedCalls;
  return { costNanoUsd: isUnknown ? undefined : costNanoUsd, calls, unpricedCalls };
}

function stack(column: CostColumn, series: readonly ChartSeries[]): StackSegment[] {
  const segments: StackSegment[] = [];
  let sumNanoUsd = 0n;
  for (const [index, { key, color }] of series.entries()) {
    const cost = column.cells[index]?.costNanoUsd ?? 0n;
    if (cost === 0n) continue;
    const bottom = usdForGeometry(sumNanoUsd);
    sumNanoUsd += cost;
    segments.push({
      key,
      color,
      startUnixMs: column.startUnixMs,
      spanUsd: [bottom, usdForGeometry(sumNanoUsd)],
    });
  }
  return segments;
}
