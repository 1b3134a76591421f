import type { Key } from "./call-record.ts";
import type { MeteredCall } from "./meter-point.ts";
import type { Reading } from "./meter-readings.ts";

/** Readings of one meter about one model, and the calls that may be what it counted. */
export interface MeterPool {
  readonly readings: readonly Reading[];
  readonly calls: readonly MeteredCall[];
}

/** What both sides say about where a call was made. */
type Place = Pick<MeteredCall, "service" | "instance" | "session" | "models">;

/**
 * Sorts the readings of a project by what they count, and the calls to them. Two meters that count the model of
 * one service count the same calls: the one that tells more kinds of tokens apart stands for both, then the one
 * with more tokens. Instances and sessions are kept apart where every reading and every call of a service names
 * its own: what one side does not say cannot tell the other side's records apart.
 */
export function meterPools(
  readings: readonly Reading[],
  calls: readonly MeteredCall[],
): MeterPool[] {
  const byService = Map.groupBy(readings, ({ lead }) => lead.service);
  const callsOf = Map.groupBy(calls, ({ service }) => service);
  const pools: MeterPool[] = [];
  for (const [service, own] of byService) {
    const ownCalls = callsOf.get(service) ?? [];
    const placeOf = placeNamer([...own.map(({ lead }) => lead), ...ownCalls]);
    for (const [place, group] of Map.groupBy(own, ({ lead }) => placeOf(lead))) {
      const near = ownCalls.filter((call) => placeOf(call) === place);
      pools.push(...withCalls(chooseMeters(group), near));
    }
  }
  return pools;
}

/** Names places as finely as all records of a service tell. */
function placeNamer(places: readonly Place[]): (place: Place) => string {
  const hasInstances = places.every(({ instance }) => instance !== undefined);
  const hasSessions = places.every(({ session }) => session !== undefined);
  return ({ instance, session }) =>
    `${hasInstances ? instance : ""}\n${hasSessions ? session : ""}`;
}

const NO_MODEL = "";

/** The answering model; dates and vendors are left out already. */
function modelOf({ models }: Place): Key {
  return models.at(-1) ?? NO_MODEL;
}

/** One meter for each model. */
function chooseMeters(readings: readonly Reading[]): Map<Key, readonly Reading[]> {
  const meters = new Map<Key, readonly Reading[]>();
  for (const [model, group] of Map.groupBy(readings, ({ lead }) => modelOf(lead))) {
    const rivals = [...Map.groupBy(group, ({ lead }) => lead.meter).values()];
    const [best = []] = rivals.sort(
      (left, right) =>
        partsTold(right) - partsTold(left) ||
        tokensOf(right) - tokensOf(left) ||
        (meterOf(left) < meterOf(right) ? -1 : 1),
    );
    meters.set(model, best);
  }
  return meters;
}

function meterOf([first]: readonly Reading[]): string {
  return String(first?.lead.meter);
}

function partsTold(readings: readonly Reading[]): number {
  const told = (part: (usage: Reading["usage"]) => number | undefined): number =>
    Number(readings.some(({ usage }) => part(usage) !== undefined));
  return (
    told(({ cacheRead }) => cacheRead) +
    told(({ cacheWrite5m }) => cacheWrite5m) +
    told(({ cacheWrite1h }) => cacheWrite1h) +
    told(({ reasoning }) => reasoning)
  );
}

function tokensOf(readings: readonly Reading[]): number {
  return readings.reduce((sum, { usage }) => sum + (usage.input ?? 0) + (usage.output ?? 0), 0);
}

/** Each call belongs to the readings of its model; without them to those that name none, or it names none. */
function withCalls(
  meters: ReadonlyMap<Key, readonly Reading[]>,
  calls: readonly MeteredCall[],
): MeterPool[] {
  const names = [...meters.keys()].sort((left, right) => (String(left) < String(right) ? -1 : 1));
  const known = new Map(names.map((name): [Key, Key[]] => [name, modelsOf(meters.get(name))]));
  const belongsTo = (call: MeteredCall): Key | undefined => {
    if (call.models.length === 0) return names[0];
    const own = names.find((name) => call.models.some((model) => known.get(name)?.includes(model)));
    return own ?? (meters.has(NO_MODEL) ? NO_MODEL : undefined);
  };
  const sorted = Map.groupBy(calls, belongsTo);
  return names.map((name) => ({
    readings: meters.get(name) ?? [],
    calls: sorted.get(name) ?? [],
  }));
}

function modelsOf(readings: readonly Reading[] = []): Key[] {
  return [...new Set(readings.flatMap(({ lead }) => lead.models))];
}
