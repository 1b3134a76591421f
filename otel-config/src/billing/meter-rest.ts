import { createNormalUsage } from "../usage/usage.ts";
import type { NormalUsage } from "../usage/usage.ts";
import { METERED_FIELDS } from "./meter-point.ts";
import type { MeteredCall, MeteredField } from "./meter-point.ts";
import type { MeterPool } from "./meter-pools.ts";
import type { Reading } from "./meter-readings.ts";

type Counts = Record<MeteredField, number>;

/** A span may end, and a log be written, a moment after the meter has counted the call. */
const GRACE_MICROS = 10_000_000;

/**
 * What the readings of a pool count beyond the calls that spans or logs tell: all of it where there are none,
 * nothing where every call is told, the rest where a sampler let only some through. By reading; readings whose
 * tokens are told are absent.
 *
 * Counted from the beginning up to each reading, because a call and its tokens may lie on either side of a
 * reading's time: metered minus told, and what that exceeds its highest value before by is the rest. With calls
 * told up to a moment after the reading, the rest comes late rather than twice.
 */
export function meterRest({ readings, calls }: MeterPool): Map<Reading, NormalUsage> {
  const rests = new Map<Reading, NormalUsage>();
  const near = callsWithin(calls, readings);
  if (near.length === 0) {
    for (const reading of readings) rests.set(reading, reading.usage);
    return rests;
  }
  if (areAllTold(readings, near)) return rests;
  const metered = zeroCounts();
  const told = zeroCounts();
  const billed = zeroCounts();
  let next = 0;
  for (const group of byTime(readings)) {
    for (const { usage } of group) add(metered, usage);
    const until = (group[0] as Reading).timeMicros + GRACE_MICROS;
    for (; (near[next]?.endMicros ?? Number.POSITIVE_INFINITY) <= until; next += 1) {
      add(told, (near[next] as MeteredCall).usage);
    }
    const rest = restOf({ metered, told, billed });
    if (rest.input + rest.output > 0) share(rest, group, rests);
  }
  return rests;
}

/** Calls that ended while the meter was counting, by their end. */
function callsWithin(calls: readonly MeteredCall[], readings: readonly Reading[]): MeteredCall[] {
  const spans: { from: number; to: number }[] = [];
  const bySince = [...readings].sort((left, right) => left.sinceMicros - right.sinceMicros);
  for (const { sinceMicros, timeMicros } of bySince) {
    const last = spans.at(-1);
    const from = sinceMicros - GRACE_MICROS;
    const to = timeMicros + GRACE_MICROS;
    if (last !== undefined && from <= last.to) last.to = Math.max(last.to, to);
    else spans.push({ from, to });
  }
  const byEnd = [...calls].sort((left, right) => left.endMicros - right.endMicros);
  let at = 0;
  return byEnd.filter(({ endMicros }) => {
    while (at < spans.length && (spans[at]?.to ?? 0) < endMicros) at += 1;
    return endMicros >= (spans[at]?.from ?? Number.POSITIVE_INFINITY);
  });
}

/** The meter counts calls too, and each of them is told: other counts are another way of counting. */
function areAllTold(readings: readonly Reading[], calls: readonly MeteredCall[]): boolean {
  let counted = 0;
  for (const reading of readings) {
    if (reading.calls === undefined) return false;
    counted += reading.calls;
  }
  const known = calls.filter(
    ({ usage }) => usage.input !== undefined || usage.output !== undefined,
  );
  return counted <= known.length;
}

function byTime(readings: readonly Reading[]): Iterable<Reading[]> {
  return Map.groupBy(readings, ({ timeMicros }) => timeMicros).values();
}

function zeroCounts(): Counts {
  return Object.fromEntries(METERED_FIELDS.map((field) => [field, 0])) as Counts;
}

function add(
  counts: Counts,
  usage: Readonly<Partial<Record<MeteredField, number | undefined>>>,
): void {
  for (const field of METERED_FIELDS) counts[field] += usage[field] ?? 0;
}

/** What is new of the rest; from then on it counts as billed. */
function restOf(sums: { metered: Counts; told: Counts; billed: Counts }): Counts {
  const rest = zeroCounts();
  for (const field of METERED_FIELDS) {
    const open = sums.metered[field] - sums.told[field];
    rest[field] = Math.max(0, open - sums.billed[field]);
    sums.billed[field] = Math.max(open, sums.billed[field]);
  }
  return rest;
}

/** Each reading takes what it counted itself, the last one what is left. */
function share(rest: Counts, group: readonly Reading[], rests: Map<Reading, NormalUsage>): void {
  for (const [place, reading] of group.entries()) {
    const isLast = place === group.length - 1;
    const own = zeroCounts();
    for (const field of METERED_FIELDS) {
      own[field] = isLast ? rest[field] : Math.min(rest[field], reading.usage[field] ?? 0);
      rest[field] -= own[field];
    }
    if (own.input + own.output > 0) rests.set(reading, usageOf(own, reading.usage));
  }
}

/** Parts that the meter does not tell apart stay unknown; none is more than its whole. */
function usageOf(own: Counts, { basis, source, ...told }: NormalUsage): NormalUsage {
  const usage: NormalUsage = { ...createNormalUsage(), basis, source };
  let room = own.input;
  for (const part of ["cacheRead", "cacheWrite5m", "cacheWrite1h"] as const) {
    if (told[part] === undefined) continue;
    usage[part] = Math.min(own[part], room);
    room -= usage[part];
  }
  usage.input = own.input;
  usage.inputUncached = room;
  usage.output = own.output;
  if (told.reasoning !== undefined) usage.reasoning = Math.min(own.reasoning, own.output);
  return usage;
}
