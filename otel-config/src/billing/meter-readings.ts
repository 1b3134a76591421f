import { RAW_USAGE_FIELDS } from "../dialects/dialect.ts";
import { normaliseUsage } from "../usage/normalise-usage.ts";
import { createNormalUsage, createRawUsage } from "../usage/usage.ts";
import type { NormalUsage } from "../usage/usage.ts";
import { comparePoints } from "./meter-increases.ts";
import type { Increase } from "./meter-increases.ts";
import type { MeterPoint } from "./meter-point.ts";

/** What one family of series counted between two of its points, all kinds of tokens together. */
export interface Reading {
  /** Positions of its points; the first carries the bill. */
  readonly points: readonly number[];
  readonly lead: MeterPoint;
  readonly sinceMicros: number;
  readonly timeMicros: number;
  readonly usage: NormalUsage;
  /** Calls that it counted; undefined where calls are not counted. */
  readonly calls: number | undefined;
}

/** Readings by time, without those of which some increase is not known and those that counted nothing. */
export function meterReadings(
  points: readonly MeterPoint[],
  increases: ReadonlyArray<Increase | undefined>,
): Reading[] {
  const groups = new Map<string, number[]>();
  for (const [at, { family, timeMicros }] of points.entries()) {
    const name = `${family} ${timeMicros}`;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [at]);
    else group.push(at);
  }
  const readings = [...groups.values()].flatMap(
    (group) => readingOf(points, group, increases) ?? [],
  );
  return readings.sort((left, right) => comparePoints(left.lead, right.lead));
}

function readingOf(
  points: readonly MeterPoint[],
  group: readonly number[],
  increases: ReadonlyArray<Increase | undefined>,
): Reading | undefined {
  const raw = createRawUsage();
  let sinceMicros = Number.POSITIVE_INFINITY;
  let calls: number | undefined;
  for (const at of group) {
    const increase = increases[at];
    if (increase === undefined) return undefined;
    const { kind } = points[at] as MeterPoint;
    raw[kind] = (raw[kind] ?? 0) + increase.tokens;
    sinceMicros = Math.min(sinceMicros, increase.sinceMicros);
    if (increase.calls !== undefined) calls = Math.max(calls ?? 0, increase.calls);
  }
  if (!group.some((at) => (increases[at]?.tokens ?? 0) > 0)) return undefined;
  const ordered = [...group].sort((left, right) =>
    compareKinds(points[left] as MeterPoint, points[right] as MeterPoint),
  );
  const lead = points[ordered[0] as number] as MeterPoint;
  // A counter that has no point has counted nothing.
  raw.input ??= 0;
  raw.output ??= 0;
  raw.inputConvention = lead.inputConvention;
  raw.outputConvention = lead.outputConvention;
  const usage = normaliseUsage(raw, createNormalUsage());
  return { points: ordered, lead, sinceMicros, timeMicros: lead.timeMicros, usage, calls };
}

function compareKinds(left: MeterPoint, right: MeterPoint): number {
  return (
    RAW_USAGE_FIELDS.indexOf(left.kind) - RAW_USAGE_FIELDS.indexOf(right.kind) ||
    comparePoints(left, right)
  );
}
