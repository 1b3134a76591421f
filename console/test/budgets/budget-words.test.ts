import { expect, test } from "vitest";
import {
  fieldsOf,
  inputOf,
  limitDigits,
  problemsOf,
  readFields,
  type FieldSource,
} from "#lib/budgets/budget-fields.ts";
import { overspendBound } from "#lib/budgets/bound.ts";
import {
  actionWords,
  changedTerms,
  conflictWords,
  enforcedSince,
} from "#lib/budgets/change-words.ts";
import { leftNanoUsd } from "#lib/budgets/left.ts";
import { limitAt } from "#lib/budgets/limit-at.ts";
import { periodStartWords, periodWords, resetWords } from "#lib/budgets/period-words.ts";
import type { PeriodRule } from "#lib/budgets/period.ts";
import { proposeBudgets } from "#lib/budgets/proposals.ts";
import { BUDGET_DEFAULTS, createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";

const USD = 1_000_000_000n;
const rules: readonly PeriodRule[] = [
  { kind: "hour" },
  { kind: "day", timeZone: "Asia/Tokyo" },
  { kind: "week", timeZone: "UTC", weekStartsOn: 7 },
  { kind: "month", timeZone: "Europe/Berlin", monthDay: 15 },
  { kind: "quarter", timeZone: "UTC", firstMonth: 2 },
  { kind: "rolling", windowMs: 7 * 24 * 3_600_000 },
  { kind: "total" },
  { kind: "total", startsAt: "2026-11-01T08:30:00.000Z", endsAt: "2026-12-01T00:00:00.000Z" },
];

test.each(rules)("what a form is filled with comes back from it: %o", (period) => {
  const budget: FieldSource = {
    ...BUDGET_DEFAULTS,
    name: "support",
    scope: { team: "support", model: "gpt-5*" },
    each: "user",
    limitNanoUsd: 12_500_000_000n,
    period,
    clamp: true,
    alertsOnForecast: false,
    owner: "ann",
  };
  const fields = fieldsOf(budget);
  const sent = readFields(new URLSearchParams(Object.entries(fields)));
  const parsed = createBudgetSchema.parse({ projectId: "shop", ...inputOf(sent) });
  expect(parsed).toEqual({ projectId: "shop", ...budget, thresholdsPercent: [50, 90, 100] });
});

test("anchors of another kind that still stand in the form are not sent", () => {
  const fields = { kind: "day", timeZone: "UTC", monthDay: "5", weekStartsOn: "2" };
  expect(inputOf(fields)["period"]).toEqual({ kind: "day", timeZone: "UTC" });
});

test.each([
  ["$1,000.50", "1000500000000"],
  ["0.0000001", "100"],
  ["free", "free"],
  ["-5", "-5000000000"],
])("reads %j as %s", (text, digits) => {
  expect(limitDigits(text)).toBe(digits);
});

test("every problem stands under its field, and those of none above the form", () => {
  const fields = { name: "", limitUsd: "-5", kind: "day", timeZone: "Mars", thresholds: "90, 50" };
  const parsed = createBudgetSchema.safeParse({ projectId: "shop", ...inputOf(fields), colour: 1 });
  expect(problemsOf(parsed.error?.issues ?? [])).toMatchObject({
    name: "must not be empty",
    limitUsd: expect.stringContaining("above zero") as string,
    timeZone: expect.stringContaining('"Mars" is not') as string,
    thresholds: expect.stringContaining("rises") as string,
    form: expect.stringContaining("colour") as string,
  });
  const window = { ...fields, name: "a", limitUsd: "5", thresholds: "", kind: "rolling" };
  const refused = createBudgetSchema.safeParse({
    projectId: "shop",
    ...inputOf({ ...window, windowHours: "0.5" }),
  });
  expect(problemsOf(refused.error?.issues ?? [])).toHaveProperty("windowHours");
});

test("periods read as people say them", () => {
  expect(rules.map(periodWords)).toEqual([
    "per hour",
    "per day, Asia/Tokyo",
    "per week from Sunday, UTC",
    "per month from day 15, Europe/Berlin",
    "per quarter from February, UTC",
    "in any 7 days",
    "in total",
    "in total from 2026-11-01 until 2026-12-01",
  ]);
});

test.each([
  [30 * 60_000, "in 30 min"],
  [26.5 * 3_600_000, "in 26 h 30 min"],
  [75 * 3_600_000, "in 3 d 3 h"],
  [-5, "in 0 min"],
])("%d ms before its end a period resets %s", (leftMs, words) => {
  expect(resetWords({ kind: "hour" }, { startMs: 0, endMs: 1e12 }, 1e12 - leftMs)).toBe(words);
});

test("a period of Berlin begins on the date in Berlin", () => {
  const startMs = Date.parse("2026-09-30T22:00:00Z");
  expect(periodStartWords({ kind: "day", timeZone: "Europe/Berlin" }, startMs)).toBe("1 Oct");
  expect(periodStartWords({ kind: "hour" }, startMs)).toBe("22:00");
});

const at = new Date("2026-11-24T08:00:00Z");
const change = { at, actor: "ann", before: null, after: null };

test("entries of the log read as sentences", () => {
  expect(
    changedTerms({
      ...change,
      action: "budget.update",
      before: { mode: "observe", limitNanoUsd: "5000000000", scope: {}, clamp: false, owner: null },
      after: {
        mode: "enforce",
        limitNanoUsd: "7000000000",
        scope: { team: "a" },
        clamp: true,
        owner: "bob",
      },
    }),
  ).toEqual([
    "mode: observe → enforce",
    "amount: $5.00 → $7.00",
    "scope: every call → team a",
    "clamp: no → yes",
    "owner: none → bob",
  ]);
  const raised = { limitNanoUsd: "8000000000", endsAt: at.toISOString(), reason: "launch" };
  expect(actionWords({ ...change, action: "budget.override", after: raised })).toBe(
    "raised it to $8.00 until 2026-11-24 08:00 UTC: launch",
  );
  expect(conflictWords({ ...change, action: "budget.update", after: { mode: "warn" } })).toContain(
    "ann changed this budget while you did (mode: none → warn)",
  );
});

test("a budget is enforced since the last time that its mode was decided so", () => {
  const made = { ...change, action: "budget.create", after: { mode: "enforce" } };
  const renamed = { ...change, action: "budget.update", after: { name: "b" } };
  const observed = { ...change, action: "budget.update", after: { mode: "observe" } };
  expect(enforcedSince([renamed, made])).toEqual(at);
  expect(enforcedSince([observed, made])).toBeUndefined();
  expect(enforcedSince([])).toBeUndefined();
});

const override = (fromMs: number, toMs: number, limitNanoUsd: bigint) => ({
  limitNanoUsd,
  startsAt: new Date(fromMs),
  endsAt: new Date(toMs),
});

test("overrides raise, and only while they run", () => {
  const overrides = [override(0, 10, 8n), override(5, 10, 9n), override(0, 10, 3n)];
  const limits = [4, 5, 9, 10].map((ms) => limitAt({ limitNanoUsd: 5n }, overrides, ms));
  expect(limits).toEqual([8n, 9n, 9n, 5n]);
});

test("what is left is never below zero, and knows what processes hold", () => {
  expect(leftNanoUsd(10n, 4n)).toBe(6n);
  expect(leftNanoUsd(10n, 4n, { settledNanoUsd: 5n, heldNanoUsd: 2n })).toBe(3n);
  expect(leftNanoUsd(10n, 40n)).toBe(0n);
  expect(leftNanoUsd(10n, undefined)).toBe(10n);
});

test("the bound is what was not held of all calls in flight, and what is uncertain or counted beyond the limit, beside what was seen", () => {
  const input = {
    failMode: "closed" as const,
    peak: 3,
    shortfallNanoUsd: 7n,
    uncertainNanoUsd: 20n,
    countedNanoUsd: 102n,
    limitNanoUsd: 100n,
  };
  expect(overspendBound({ ...input, enforcedSpendNanoUsd: [90n, 104n, undefined] })).toEqual({
    theoreticalNanoUsd: 43n,
    observedNanoUsd: 4n,
  });
  const open = { ...input, failMode: "open" as const, enforcedSpendNanoUsd: [] };
  expect(overspendBound(open)).toEqual({
    theoreticalNanoUsd: undefined,
    observedNanoUsd: undefined,
  });
});

test("proposals leave room, and there are none where nothing was spent", () => {
  const spend = {
    costNanoUsd: 100n * USD,
    dearestUserNanoUsd: 11n * USD,
    dearestModel: { name: "gpt-5", costNanoUsd: 60n * USD },
  };
  expect(proposeBudgets(spend).map(({ fields }) => [fields.kind, fields.limitUsd])).toEqual([
    ["month", "130"],
    ["month", "17"],
    ["day", "6"],
  ]);
  const nothing = { costNanoUsd: 0n, dearestUserNanoUsd: undefined, dearestModel: undefined };
  expect(proposeBudgets(nothing)).toEqual([]);
});
