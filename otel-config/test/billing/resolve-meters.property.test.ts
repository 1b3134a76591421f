import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { MeteredCall, MeterPoint } from "../../src/billing/meter-point.ts";
import { resolveMeters } from "../../src/billing/resolve-meters.ts";

const T0 = 1_795_462_260_000_000;
const SECOND = 1_000_000;

interface DrawnCall {
  readonly atSeconds: number;
  readonly input: number;
  readonly output: number;
  readonly isTold: boolean;
  readonly process: number;
}

const drawnCalls = fc.array(
  fc.record({
    atSeconds: fc.integer({ min: 1, max: 599 }),
    input: fc.integer({ min: 1, max: 1000 }),
    output: fc.integer({ min: 0, max: 500 }),
    isTold: fc.boolean(),
    process: fc.integer({ min: 0, max: 2 }),
  }),
  { maxLength: 30 },
);

/** What meters that are read every 60 s tell of the calls, until ten minutes are over. */
function pointsOf(
  calls: readonly DrawnCall[],
  temporality: MeterPoint["temporality"],
): MeterPoint[] {
  const points: MeterPoint[] = [];
  for (const process of [0, 1, 2]) {
    for (const kind of ["input", "output"] as const) {
      for (let minute = 1; minute <= 11; minute += 1) {
        const until = minute * 60 + process * 7;
        const from = temporality === "delta" && minute > 1 ? until - 60 : 0;
        const own = calls.filter(
          (each) => each.process === process && each.atSeconds > from && each.atSeconds <= until,
        );
        points.push({
          id: `${process} ${kind} ${minute}`,
          series: kind,
          family: "family",
          meter: "meter",
          kind,
          service: "shop",
          instance: undefined,
          session: undefined,
          models: ["gpt-5"],
          temporality,
          // Processes share everything but their start.
          startMicros: T0 + from * SECOND + process,
          timeMicros: T0 + until * SECOND,
          value: own.reduce((sum, each) => sum + each[kind], 0),
          count: undefined,
          inputConvention: undefined,
          outputConvention: undefined,
        });
      }
    }
  }
  return points;
}

function toldCalls(calls: readonly DrawnCall[]): MeteredCall[] {
  return calls
    .filter(({ isTold }) => isTold)
    .map(({ atSeconds, input, output }) => ({
      service: "shop",
      instance: undefined,
      session: undefined,
      models: ["gpt-5"],
      endMicros: T0 + atSeconds * SECOND,
      usage: {
        input,
        output,
        cacheRead: undefined,
        cacheWrite5m: undefined,
        cacheWrite1h: undefined,
        reasoning: undefined,
      },
    }));
}

const temporalities = fc.constantFrom("delta" as const, "cumulative" as const);
const options = { horizonMicros: T0 };

it("bills, with the calls that are told, each token exactly once", () => {
  fc.assert(
    fc.property(drawnCalls, temporalities, (calls, temporality) => {
      const verdicts = resolveMeters(pointsOf(calls, temporality), toldCalls(calls), options);
      for (const kind of ["input", "output"] as const) {
        const untold = calls.reduce((sum, each) => sum + (each.isTold ? 0 : each[kind]), 0);
        const billed = verdicts.reduce(
          (sum, verdict) => sum + (verdict.rule === "meter" ? (verdict.usage[kind] ?? 0) : 0),
          0,
        );
        expect(billed).toBe(untold);
      }
    }),
  );
});

function byId(
  points: readonly MeterPoint[],
  calls: readonly MeteredCall[],
): Record<string, unknown> {
  const verdicts = resolveMeters(points, calls, options);
  return Object.fromEntries(points.map(({ id }, at) => [id, verdicts[at]]));
}

it("gives the same answer in whatever order points and calls come, copies among them", () => {
  const keys = fc.array(fc.nat(), { minLength: 97, maxLength: 97 });
  fc.assert(
    fc.property(drawnCalls, temporalities, keys, (calls, temporality, order) => {
      const shuffled = <T>(list: readonly T[]): T[] =>
        list
          .map((each, at) => ({ each, key: order[at % order.length] ?? 0 }))
          .toSorted((left, right) => left.key - right.key)
          .map(({ each }) => each);
      const points = pointsOf(calls, temporality);
      const told = toldCalls(calls);
      const copies = points
        .filter((_, at) => (order[at] ?? 0) % 3 === 0)
        .map((each) => Object.assign({}, each, { id: `${each.id} again` }));
      expect(byId(shuffled([...copies, ...points]), shuffled(told))).toMatchObject(
        byId(points, told),
      );
    }),
  );
});
