import { expect, test } from "vitest";
import type { Measured, Results } from "../../bench/measure.ts";
import type { ServerName } from "../../bench/servers.ts";
import { LASTING, SATURATED, STEADY } from "../../bench/variants.ts";
import type { Variant } from "../../bench/variants.ts";
import { verdictsOf } from "../../bench/verdict.ts";

const shown = (measured: Partial<Measured>): Measured => ({
  cpuMicrosPerSpan: [10],
  spansPerSecond: [50_000],
  latenciesMs: [5],
  rssMegabytes: [250],
  refused: 0,
  ...measured,
});

const run = (
  variant: Variant,
  servers: Partial<Record<ServerName, Partial<Measured>>>,
): Map<Variant, Results> =>
  new Map([
    [
      variant,
      new Map(
        Object.entries(servers).map(([name, each]) => [name as ServerName, shown(each)] as const),
      ),
    ],
  ]);

const isMet = (results: Map<Variant, Results>, bar: string): boolean | undefined =>
  verdictsOf(results).find((verdict) => verdict.bar.includes(bar))?.isMet;

test.each([
  [60, true],
  [59.9, false],
])("without content, naive has to cost six times as much: %d of 10", (naive, expected) => {
  const results = run(SATURATED.plain, { lensai: {}, naive: { cpuMicrosPerSpan: [naive] } });
  expect(isMet(results, "naive")).toBe(expected);
});

test.each([
  [35, true],
  [34.9, false],
])("with content, three and a half times: %d of 10", (naive, expected) => {
  const results = run(SATURATED.content, { lensai: {}, naive: { cpuMicrosPerSpan: [naive] } });
  expect(isMet(results, "naive")).toBe(expected);
});

test("as much as the OTel Collector is not less", () => {
  const results = run(STEADY, { lensai: {}, otelcol: {} });
  expect(isMet(results, "OTel Collector")).toBe(false);
});

test.each([
  [15, true],
  [15.1, false],
])("the 99th percentile of the acknowledgement: %d ms of 5", (p99, expected) => {
  const results = run(STEADY, { lensai: { latenciesMs: [1, p99] }, walraw: {} });
  expect(isMet(results, "p99")).toBe(expected);
});

test.each([
  { rssMegabytes: [295, 300, 299], expected: true },
  { rssMegabytes: [290, 301, 290], expected: false },
  { rssMegabytes: [280, 285, 291], expected: false },
])("memory is below its bar and flat: $rssMegabytes", ({ rssMegabytes, expected }) => {
  for (const variant of [STEADY, LASTING]) {
    expect(isMet(run(variant, { lensai: { rssMegabytes } }), "RSS")).toBe(expected);
  }
});

test.each([
  [13, true],
  [13.1, false],
])("normalising: %d over 10", (lensai, expected) => {
  const results = run(SATURATED.plain, {
    lensai: { cpuMicrosPerSpan: [lensai] },
    unaccounted: {},
  });
  expect(isMet(results, "normalising")).toBe(expected);
});

test("what was not measured has no verdict", () => {
  expect(verdictsOf(run(SATURATED.plain, { lensai: {} }))).toEqual([]);
});
