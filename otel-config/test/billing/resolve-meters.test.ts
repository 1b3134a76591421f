import { describe, expect, it } from "vitest";
import type { MeteredCall, MeterPoint } from "../../src/billing/meter-point.ts";
import { resolveMeters } from "../../src/billing/resolve-meters.ts";

const MINUTE = 60_000_000;
const T0 = 1_795_462_260_000_000;

interface Sample extends Partial<MeterPoint> {
  readonly minute?: number;
  readonly startMinute?: number;
}

/** Of a cumulative counter of input tokens that began at minute 0, unless it says otherwise. */
function point(value: number, sample: Sample = {}): MeterPoint {
  const { minute = 1, startMinute = 0, ...rest } = sample;
  const { kind = "input", meter = "tokens", models = ["gpt-5-mini"] } = rest;
  const family = `${meter} ${models.join(" ")}`;
  return {
    id: `${family} ${kind} ${minute} ${startMinute}`,
    series: `${family} ${kind}`,
    family,
    meter,
    kind,
    service: "shop",
    instance: undefined,
    session: undefined,
    models,
    temporality: "cumulative",
    startMicros: T0 + startMinute * MINUTE,
    timeMicros: T0 + minute * MINUTE,
    value,
    count: undefined,
    inputConvention: undefined,
    outputConvention: undefined,
    ...rest,
  };
}

function call(
  input: number,
  sample: Partial<MeteredCall> & { atMinute?: number } = {},
): MeteredCall {
  const { atMinute = 0.5, ...rest } = sample;
  const parts = { cacheRead: undefined, cacheWrite5m: undefined, cacheWrite1h: undefined };
  return {
    service: "shop",
    instance: undefined,
    session: undefined,
    models: ["gpt-5-mini"],
    endMicros: T0 + atMinute * MINUTE,
    usage: { input, output: undefined, reasoning: undefined, ...parts },
    ...rest,
  };
}

/** A delta of 40 tokens over a minute. */
function delta(id: string, minute: number): MeterPoint {
  return point(40, { id, minute, startMinute: minute - 1, temporality: "delta" });
}

/** "billed 10" (input tokens), "told" or "unknown" for each point. */
function verdicts(
  points: readonly MeterPoint[],
  calls: readonly MeteredCall[] = [],
  horizonMicros = T0 - MINUTE,
): string[] {
  return resolveMeters(points, calls, { horizonMicros }).map((verdict) =>
    verdict.rule === "meter" ? `billed ${verdict.usage.input}` : verdict.rule.slice(6),
  );
}

describe("without any other record", () => {
  it("bills a cumulative counter for what it grew by, the first point in full", () => {
    const points = [point(100), point(130, { minute: 2 }), point(130, { minute: 3 })];
    expect(verdicts(points)).toEqual(["billed 100", "billed 30", "told"]);
  });

  it("bills delta points as they are, and a copy of one once", () => {
    expect(verdicts([delta("a", 1), delta("b", 2), delta("copy of a", 1)])).toEqual([
      "billed 40",
      "billed 40",
      "told",
    ]);
  });

  it("counts the copy of a cumulative point once", () => {
    expect(verdicts([point(100), point(100, { id: "zz" })])).toEqual(["billed 100", "told"]);
  });

  it("counts from zero after the process has started again", () => {
    const points = [point(100), point(20, { minute: 3, startMinute: 2 })];
    expect(verdicts(points)).toEqual(["billed 100", "billed 20"]);
  });

  it("counts from zero when the value falls under the same start", () => {
    expect(verdicts([point(100), point(20, { minute: 2 })])).toEqual(["billed 100", "billed 20"]);
  });

  it("keeps processes apart that share a series", () => {
    const other = (value: number, minute: number): MeterPoint =>
      point(value, { minute, startMinute: 0.5 });
    const points = [point(100), other(7, 1.5), point(110, { minute: 2 }), other(9, 2.5)];
    expect(verdicts(points)).toEqual(["billed 100", "billed 7", "billed 10", "billed 2"]);
  });

  it("bills nothing for a first point whose earlier ones may be out of sight", () => {
    const points = [point(100), point(130, { minute: 2 })];
    expect(verdicts(points, [], T0 + 1)).toEqual(["unknown", "billed 30"]);
  });

  it("bills nothing for a first point that does not say since when it counts", () => {
    const points = [point(100, { startMicros: 0 }), point(130, { minute: 2, startMicros: 0 })];
    expect(verdicts(points)).toEqual(["unknown", "billed 30"]);
  });

  it("bills nothing for fractions of tokens and negative counts", () => {
    expect(verdicts([point(1.5)])).toEqual(["unknown"]);
    expect(verdicts([point(-3, { temporality: "delta" })])).toEqual(["unknown"]);
  });

  it("bills all kinds of tokens of a moment on one point, in normal form", () => {
    const convention = { inputConvention: "exclusive" as const };
    const points = [
      point(46, { kind: "output", ...convention }),
      point(1024, { kind: "cacheRead", ...convention }),
      point(93, { ...convention }),
    ];
    const [output, cacheRead, input] = resolveMeters(points, [], { horizonMicros: 0 });
    expect([output?.rule, cacheRead?.rule]).toEqual(["meter_told", "meter_told"]);
    expect(input).toMatchObject({
      rule: "meter",
      isRest: false,
      usage: { input: 1117, inputUncached: 93, cacheRead: 1024, output: 46, basis: "proven" },
    });
  });

  it("bills one of two metrics that count the same calls: the one that tells more", () => {
    const rich = { meter: "gemini_cli.token.usage" };
    const points = [
      point(900),
      point(900, rich),
      point(300, { ...rich, kind: "cacheRead" }),
      point(50, { models: ["gpt-5"] }),
    ];
    expect(verdicts(points)).toEqual(["told", "billed 900", "told", "billed 50"]);
  });
});

describe("beside spans and logs", () => {
  it("bills nothing when every call is told", () => {
    const points = [point(100), point(130, { minute: 2 })];
    const calls = [call(60), call(40), call(30, { atMinute: 1.5 })];
    expect(verdicts(points, calls)).toEqual(["told", "told"]);
  });

  it("bills the rest when a sampler let only some calls through", () => {
    const points = [point(100), point(130, { minute: 2 })];
    expect(verdicts(points, [call(60)])).toEqual(["billed 40", "billed 30"]);
  });

  it("does not bill a call twice that ends a moment after the metric has counted it, or before", () => {
    const points = [point(100), point(200, { minute: 2 }), point(200, { minute: 3 })];
    expect(verdicts(points, [call(100, { atMinute: 1.01 }), call(100, { atMinute: 1.5 })])).toEqual(
      ["told", "told", "told"],
    );
    const late = [point(0), point(100, { minute: 2 })];
    expect(verdicts(late, [call(100, { atMinute: 0.99 })])).toEqual(["told", "told"]);
  });

  it("does not hold calls against a time when the metric was not counting", () => {
    const points = [point(50, { minute: 40, startMinute: 39 })];
    expect(verdicts(points, [call(50, { atMinute: 5 })])).toEqual(["billed 50"]);
  });

  it("does not hold calls of other services, models and sessions against it", () => {
    const session = { session: "s1" };
    const points = [point(100, session)];
    expect(verdicts(points, [call(100, { service: "other" })])).toEqual(["billed 100"]);
    expect(verdicts(points, [call(100, { models: ["gpt-5"] })])).toEqual(["billed 100"]);
    expect(verdicts(points, [call(100, { session: "s2" })])).toEqual(["billed 100"]);
    expect(verdicts(points, [call(100, session)])).toEqual(["told"]);
  });

  it("takes records without a session or a model for those of any", () => {
    expect(verdicts([point(100, { session: "s1" })], [call(100)])).toEqual(["told"]);
    expect(verdicts([point(100)], [call(100, { models: [] })])).toEqual(["told"]);
    expect(verdicts([point(100, { models: [] })], [call(100)])).toEqual(["told"]);
  });

  it("takes other counts of as many calls as are told for another way of counting", () => {
    expect(verdicts([point(130, { count: 2 })], [call(60), call(40)])).toEqual(["told"]);
    expect(verdicts([point(130, { count: 3 })], [call(60), call(40)])).toEqual(["billed 30"]);
  });

  it("bills what a metric tells of a call whose span has no counts", () => {
    const { usage, ...rest } = call(0);
    const silent = { ...rest, usage: { ...usage, input: undefined } };
    expect(verdicts([point(100, { count: 1 })], [silent])).toEqual(["billed 100"]);
  });

  it("bills no cached tokens beyond the input that is not told", () => {
    const points = [point(1000), point(800, { kind: "cacheRead" })];
    expect(verdicts(points, [call(1000)])).toEqual(["told", "told"]);
    const [rest] = resolveMeters(points, [call(900)], { horizonMicros: 0 });
    expect(rest).toMatchObject({
      isRest: true,
      usage: { input: 100, cacheRead: 100, inputUncached: 0 },
    });
  });
});
