import type { Forecast } from "@lensai/analytics/budgets/forecast";
import { assert as assertProperty, bigInt, constantFrom, property, string } from "fast-check";
import { describe, expect, test } from "vitest";
import { createAgenda } from "#lib/server/alerts/evaluate/agenda.ts";
import { budgetAlerts, type BudgetReading } from "#lib/server/alerts/evaluate/budget-alerts.ts";
import { drillAlerts } from "#lib/server/alerts/evaluate/drill-alerts.ts";
import { forecastAlert } from "#lib/server/alerts/evaluate/forecast-alert.ts";
import { lastingTroubles } from "#lib/server/alerts/evaluate/installation-alerts.ts";
import { keyAlerts } from "#lib/server/alerts/evaluate/key-alerts.ts";
import { sourceAlerts } from "#lib/server/alerts/evaluate/source-alerts.ts";
import type { Propagation } from "#lib/server/services/receipts/propagation.ts";
import type { SourcesAnswer } from "#lib/sources.ts";

const DOLLAR = 1_000_000_000n;
const now = new Date("2026-11-29T12:00:00Z");

function reading(values: Partial<BudgetReading> = {}): BudgetReading {
  return {
    budget: {
      id: "budget_1",
      name: "Support",
      scope: {},
      mode: "enforce",
      thresholdsPercent: [50, 90, 100],
    },
    each: undefined,
    limitNanoUsd: 100n * DOLLAR,
    spentNanoUsd: 0n,
    period: {
      id: "2026-11-01T00:00:00.000Z",
      startsAt: new Date("2026-11-01T00:00:00Z"),
      resetsAt: new Date("2026-12-01T00:00:00Z"),
    },
    isExhausted: false,
    ...values,
  };
}

/** Of a budget that is spent for one user in one period. */
const keysOf = (value: string, id: string): string[] =>
  budgetAlerts(
    reading({
      each: { key: "user", value },
      period: { ...reading().period, id },
      spentNanoUsd: 100n * DOLLAR,
    }),
  ).map(({ key }) => key);

describe("a budget", () => {
  test.each([
    [50n * DOLLAR - 1n, []],
    [50n * DOLLAR, [["budget.threshold", "50", false]]],
    [90n * DOLLAR - 1n, [["budget.threshold", "50", false]]],
    [
      99n * DOLLAR,
      [
        ["budget.threshold", "90", false],
        ["budget.threshold", "50", true],
      ],
    ],
    [
      100n * DOLLAR,
      [
        ["budget.exceeded", "100", false],
        ["budget.threshold", "90", true],
        ["budget.threshold", "50", true],
      ],
    ],
  ])("with %s nano-dollars spent of $100 tells %j", (spent, expected) => {
    const told = budgetAlerts(reading({ spentNanoUsd: spent }));
    expect(
      told.map(({ kind, key, toldBy }) => [kind, key.split(" ").at(-1), toldBy !== undefined]),
    ).toEqual(expected);
  });

  test("tells that all is spent even when no threshold says so", () => {
    const { budget } = reading();
    const alerts = budgetAlerts(
      reading({ budget: { ...budget, thresholdsPercent: [150] }, spentNanoUsd: 160n * DOLLAR }),
    );
    expect(alerts.map(({ kind, severity }) => [kind, severity])).toEqual([
      ["budget.threshold", "critical"],
      ["budget.exceeded", "critical"],
    ]);
  });

  test("is told to refuse calls when one was refused, whatever is left", () => {
    const [first, ...others] = budgetAlerts(
      reading({ spentNanoUsd: 99n * DOLLAR, isExhausted: true }),
    );
    expect(first).toMatchObject({ kind: "budget.exceeded", severity: "critical" });
    expect(others.every(({ toldBy }) => toldBy !== undefined)).toBe(true);
  });

  test("has a key of its own for each value and period, whatever the value is", () => {
    assertProperty(
      property(string(), string(), constantFrom("p 1", "p 2"), (one, other, period) => {
        const both = new Set([...keysOf(one, "p 1"), ...keysOf(other, period)]);
        expect(both.size).toBe(one === other && period === "p 1" ? 3 : 6);
      }),
    );
  });

  test("never tells less when more is spent, and one thing at a time", () => {
    const amount = bigInt({ min: 0n, max: 200n * DOLLAR });
    assertProperty(
      property(amount, amount, (one, other) => {
        const [less, more] = one < other ? [one, other] : [other, one];
        const keys = new Set(budgetAlerts(reading({ spentNanoUsd: more })).map(({ key }) => key));
        const earlier = budgetAlerts(reading({ spentNanoUsd: less }));
        expect(earlier.every(({ key }) => keys.has(key))).toBe(true);
        const loud = budgetAlerts(reading({ spentNanoUsd: more })).filter(
          ({ toldBy }) => toldBy === undefined,
        );
        expect(loud.length).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("a forecast", () => {
  const forecast = (low: bigint, end: bigint, high: bigint): Forecast => ({
    kind: "expected",
    method: "seasonal",
    endNanoUsd: end * DOLLAR,
    lowNanoUsd: low * DOLLAR,
    highNanoUsd: high * DOLLAR,
  });
  const half = reading({ spentNanoUsd: 50n * DOLLAR });

  test("that crosses the limit says how sure it is", () => {
    expect(forecastAlert(half, forecast(90n, 120n, 150n))).toMatchObject({
      kind: "budget.forecast",
      severity: "info",
      details: {
        forecastNanoUsd: "120000000000",
        lowNanoUsd: "90000000000",
        highNanoUsd: "150000000000",
        confidencePercent: 80,
        method: "by the hours of the last weeks",
      },
    });
    expect(forecastAlert(half, forecast(101n, 120n, 150n))?.severity).toBe("warning");
  });

  test("is told once per budget, value and period", () => {
    const { budget, period } = half;
    const keys = [
      half,
      { ...half, budget: { ...budget, id: "budget_2" } },
      { ...half, period: { ...period, id: "2026-12-01T00:00:00.000Z" } },
      { ...half, each: { key: "user", value: "ada" } as const },
      { ...half, each: { key: "user", value: "bob" } as const },
    ].map((each) => forecastAlert(each, forecast(90n, 120n, 150n))?.key);
    expect(new Set(keys).size).toBe(keys.length);
    const more = { ...half, spentNanoUsd: 60n * DOLLAR };
    expect(forecastAlert(more, forecast(101n, 130n, 160n))?.key).toBe(keys[0]);
    const thresholds = budgetAlerts({ ...half, spentNanoUsd: 100n * DOLLAR });
    expect(thresholds.map(({ key }) => key)).not.toContain(keys[0]);
  });

  test.each([
    ["stays within", half, forecast(50n, 100n, 150n)],
    ["is unknown", half, { kind: "unknown", reason: "too_short" }],
    ["comes too late", reading({ spentNanoUsd: 100n * DOLLAR }), forecast(101n, 120n, 150n)],
  ] as const)("that %s is nothing to tell", (_, of, expected) => {
    expect(forecastAlert(of, expected)).toBeUndefined();
  });
});

describe("sources", () => {
  const quiet: SourcesAnswer = {
    figures: [],
    otherProducers: undefined,
    findings: [],
    repeats: [],
    unpriced: [],
    otherUnpriced: undefined,
    outcomes: [],
    losses: [],
  };
  const unpriced = {
    provider: "acme",
    model: "acme-1",
    serviceTier: undefined,
    calls: 3,
    inputTokens: 1000n,
    outputTokens: 200n,
    clientCostNanoUsd: undefined,
    lastUnixMs: now.getTime(),
  };

  test("without trouble give nothing to tell", () => {
    const outcomes = [
      { serviceName: "api", scopeName: "x", outcome: "duplicate", reason: undefined, records: 5 },
    ] as const;
    const losses = [
      { serviceName: "api", stage: "exporter", errorType: undefined, records: 900 },
    ] as const;
    expect(sourceAlerts({ ...quiet, outcomes, losses }, now)).toEqual([]);
  });

  test("tell of a model without a price once a month, whatever its tiers", () => {
    const answer = { ...quiet, unpriced: [unpriced, { ...unpriced, serviceTier: "batch" }] };
    const alerts = sourceAlerts(answer, now);
    expect(alerts).toMatchObject([
      { kind: "spend.unpriced", details: { model: "acme-1", calls: 6, inputTokens: "2000" } },
    ]);
    const key = (at: string): string | undefined => sourceAlerts(answer, new Date(at))[0]?.key;
    expect(key("2026-11-30T23:59:59Z")).toBe(alerts[0]?.key);
    expect(key("2026-12-01T00:00:00Z")).not.toBe(alerts[0]?.key);
  });

  test("tell of records that were refused or lost, by service and reason", () => {
    const alerts = sourceAlerts(
      {
        ...quiet,
        outcomes: [
          {
            serviceName: "api",
            scopeName: "x",
            outcome: "rejected",
            reason: "too_large",
            records: 7,
          },
        ],
        losses: [{ serviceName: "web", stage: "processor", errorType: "queue_full", records: 9 }],
      },
      now,
    );
    expect(alerts.map(({ details }) => details)).toEqual([
      { trouble: "rejected", serviceName: "api", reason: "too_large", records: 7 },
      { trouble: "dropped", serviceName: "web", reason: "queue_full", records: 9 },
    ]);
  });
});

test.each([
  [8 * 24, []],
  [7 * 24, [7]],
  [24, [1, 7]],
  [1, [1, 7]],
  [0, []],
])("a key that ends in %i hours is told of: %j days before", (hours, days) => {
  const expiresAt = new Date(now.getTime() + hours * 3_600_000);
  const alerts = keyAlerts({ id: "key_1", prefix: "lensai_ab", expiresAt }, now);
  expect(alerts.map(({ details }) => "daysBefore" in details && details.daysBefore)).toEqual(days);
  expect(alerts.slice(1).every(({ toldBy }) => toldBy !== undefined)).toBe(true);
});

test("a trouble is told of when it lasts, and begins anew when it has gone", async () => {
  let at = now.getTime();
  let isFailing = true;
  const troubles = lastingTroubles(
    async () => (isFailing ? [{ trouble: "review_failing", reason: "disk full" }] : []),
    () => new Date(at),
  );
  expect(await troubles()).toEqual([]);
  at += 299_000;
  expect(await troubles()).toEqual([]);
  at += 1000;
  expect(await troubles()).toHaveLength(1);
  isFailing = false;
  expect(await troubles()).toEqual([]);
  isFailing = true;
  at += 60_000;
  expect(await troubles()).toEqual([]);
});

describe("a drill", () => {
  const drill: Propagation = {
    subjectId: "drill_1",
    kind: "drill",
    announcedAtUnixMs: now.getTime() - 45_000,
    announcedBy: "ann",
    known: 9,
    p50Ms: 20,
    p99Ms: 40,
    lastMs: 61,
    waiting: 0,
    lost: 0,
  };

  test("is told of when its answers can be in, and warns of who did not answer", () => {
    expect(drillAlerts(drill, now)).toMatchObject([
      { severity: "info", details: { processes: 9, acknowledged: 9, tookMs: 61 } },
    ]);
    expect(drillAlerts({ ...drill, waiting: 1, lost: 2 }, now)).toMatchObject([
      { severity: "warning", details: { processes: 12, acknowledged: 9 } },
    ]);
    expect(drillAlerts(drill, new Date(now.getTime() - 1))).toEqual([]);
    expect(drillAlerts({ ...drill, kind: "trigger" }, now)).toEqual([]);
  });
});

test("a project of which something is held back is looked at again with what changes slowly, without any news", async () => {
  const agenda = createAgenda();
  agenda.take("shop", true);
  agenda.addSlow("shop");
  expect(await agenda.projects(async () => [])).toEqual(["shop"]);
  agenda.take("shop", true);
  expect(await agenda.projects(async () => [])).toEqual([]);
  agenda.addSlow("shop");
  agenda.slowDone();
  expect(await agenda.projects(async () => [])).toEqual([]);
});
