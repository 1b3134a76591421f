import type { MeterPoint } from "./meter-point.ts";

/** By how much a counter grew up to a point, and since when. */
export interface Increase {
  readonly tokens: number;
  /** Undefined where calls are not counted. */
  readonly calls: number | undefined;
  readonly sinceMicros: number;
}

/**
 * By how much each point's counter grew; undefined where nobody knows. In the order of the points.
 *
 * A delta point counts as it is, once: a point with the times and the value of another is its copy. A
 * cumulative point counts by what it is more than the point before it with the same start, the first one in full;
 * points with another start belong to another run of the process, or to another process that shares the series.
 * A value below the one before it, with the same start, is a reset: it counts in full. (OpenTelemetry metrics
 * data model, "Sums" and "Resets and gaps".)
 *
 * All points since `horizonMicros` are given. So the first point of a run that began before may have had others
 * before it, and one without a start says nothing about when its tokens were used: both only serve as the base
 * of the next.
 */
export function meterIncreases(
  points: readonly MeterPoint[],
  horizonMicros: number,
): (Increase | undefined)[] {
  const increases: (Increase | undefined)[] = points.map(() => undefined);
  for (const positions of byRun(points)) {
    let before: MeterPoint | undefined;
    for (const at of positions) {
      const point = points[at] as MeterPoint;
      increases[at] =
        point.temporality === "delta"
          ? deltaOf(point, before)
          : growthOf(point, before, horizonMicros);
      before = point;
    }
  }
  return increases;
}

/** Points of one run of a series, by time. */
function byRun(points: readonly MeterPoint[]): Iterable<number[]> {
  const runs = new Map<string, number[]>();
  for (const [at, { series, temporality, startMicros }] of points.entries()) {
    const start = temporality === "delta" ? "" : String(startMicros);
    const name = `${series} ${temporality} ${start}`;
    const run = runs.get(name);
    if (run === undefined) runs.set(name, [at]);
    else run.push(at);
  }
  for (const run of runs.values()) {
    run.sort((left, right) =>
      comparePoints(points[left] as MeterPoint, points[right] as MeterPoint),
    );
  }
  return runs.values();
}

export function comparePoints(left: MeterPoint, right: MeterPoint): number {
  return (
    left.timeMicros - right.timeMicros ||
    left.startMicros - right.startMicros ||
    left.value - right.value ||
    (left.id < right.id ? -1 : Number(left.id > right.id))
  );
}

function deltaOf(point: MeterPoint, before: MeterPoint | undefined): Increase | undefined {
  const { value, count, startMicros, timeMicros } = point;
  const isCopy =
    before?.timeMicros === timeMicros &&
    before.startMicros === startMicros &&
    before.value === value;
  if (isCopy) return { tokens: 0, calls: count === undefined ? count : 0, sinceMicros: timeMicros };
  const sinceMicros = startMicros === 0 ? (before?.timeMicros ?? timeMicros) : startMicros;
  return checked({ tokens: value, calls: count, sinceMicros });
}

function growthOf(
  point: MeterPoint,
  before: MeterPoint | undefined,
  horizonMicros: number,
): Increase | undefined {
  const { value, count, startMicros } = point;
  if (before === undefined) {
    const isFirst = startMicros > 0 && startMicros >= horizonMicros;
    return isFirst ? checked({ tokens: value, calls: count, sinceMicros: startMicros }) : undefined;
  }
  const sinceMicros = before.timeMicros;
  const isReset = value < before.value;
  return checked({
    tokens: isReset ? value : value - before.value,
    calls: isReset || count === undefined ? count : count - (before.count ?? 0),
    sinceMicros,
  });
}

/** Tokens are whole and not negative; what is not is not known. */
function checked(increase: Increase): Increase | undefined {
  const { tokens, calls } = increase;
  if (!Number.isSafeInteger(tokens) || tokens < 0) return undefined;
  return calls !== undefined && calls < 0 ? { ...increase, calls: undefined } : increase;
}
