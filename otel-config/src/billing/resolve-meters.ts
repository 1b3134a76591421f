import { meterIncreases } from "./meter-increases.ts";
import type { MeteredCall, MeterPoint, MeterVerdict } from "./meter-point.ts";
import { meterPools } from "./meter-pools.ts";
import { meterReadings } from "./meter-readings.ts";
import { meterRest } from "./meter-rest.ts";

/**
 * Decides for every point of a project's token meters whether it is billed, and for how many tokens: spans and
 * logs tell calls one by one and come first; a meter is billed for what none of them tells. `calls` are those that
 * are billed for a span or a log in the same time. The answer depends on the sets alone, not on their order.
 *
 * 1. Each point counts by what its counter grew (meter-increases.ts); points that differ in nothing but the kind
 *    of token make a reading (meter-readings.ts).
 * 2. Of several meters that count the same calls one is taken (meter-pools.ts).
 * 3. What its readings count beyond the calls is billed, on one point of each reading (meter-rest.ts).
 */
export function resolveMeters(
  points: readonly MeterPoint[],
  calls: readonly MeteredCall[],
  { horizonMicros }: { readonly horizonMicros: number },
): MeterVerdict[] {
  const increases = meterIncreases(points, horizonMicros);
  const verdicts = increases.map((increase): MeterVerdict => ({
    rule: increase === undefined ? "meter_unknown" : "meter_told",
  }));
  for (const pool of meterPools(meterReadings(points, increases), calls)) {
    for (const [reading, usage] of meterRest(pool)) {
      const isRest = usage !== reading.usage;
      verdicts[reading.points[0] as number] = { rule: "meter", usage, isRest };
    }
  }
  return verdicts;
}
