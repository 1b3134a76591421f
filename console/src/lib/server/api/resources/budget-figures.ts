import { CONFIDENCE_PERCENT } from "@lensai/analytics/budgets/forecast";
import type { Backtest } from "@lensai/analytics/budgets/backtest";
import type { StoppedGroup } from "@lensai/analytics/queries/stopped-calls";
import { REFUSAL_CAUSES } from "@lensai/otel-config/control/refusal-cause";
import { z } from "zod";
import { leftNanoUsd } from "../../../budgets/left.ts";
import { BACKTEST_DAYS, loadBacktest, type ProposedBudget } from "../../lake/load-backtest.ts";
import { loadStoppedCalls } from "../../lake/load-stopped-calls.ts";
import { loadBudgetFigures, type BudgetFigures } from "../../lake/load-budget-figures.ts";
import type { Budget } from "../../services/budgets/budget.ts";
import { heldAmounts, heldByValue } from "../../services/budgets/held.ts";
import { createBudgetSchema, isEachFixed } from "../../services/budgets/schemas.ts";
import type { ServiceContext } from "../../services/context.ts";
import { defineRoute, type ApiRequest, type ApiRoute } from "../route.ts";
import { countSchema, nanoUsdSchema, timeSchema } from "../schemas.ts";
import { EACH_IS_FIXED, budgetParams, foundBudget } from "./budgets.ts";

const costSchema = nanoUsdSchema
  .nullable()
  .describe(
    "Sum of the known costs; null when something was billed and nothing of it has a price.",
  );

const spendShape = {
  costNanoUsd: costSchema,
  calls: countSchema.describe("Billed calls."),
  unpricedCalls: countSchema.describe("Those of them whose price is unknown."),
};

const figuresSchema = z
  .strictObject({
    isCounting: z.boolean().describe("False: the budget limits nothing now."),
    startsAt: timeSchema.nullable(),
    resetsAt: timeSchema.nullable().describe("Null for a rolling window, and where nothing ends."),
    limitNanoUsd: nanoUsdSchema.describe("With the override that runs now."),
    ...spendShape,
    leftNanoUsd: nanoUsdSchema
      .nullable()
      .describe("Neither spent nor held by processes; null for a budget for each value."),
    settledNanoUsd: nanoUsdSchema.nullable().describe("What the ledger knows to be spent."),
    heldNanoUsd: nanoUsdSchema.nullable().describe("What processes hold, to spend."),
    uncertainNanoUsd: nanoUsdSchema
      .nullable()
      .describe(
        "What may have been spent beyond that: nobody has counted it, or its process is silent.",
      ),
    liveLeases: countSchema.nullable(),
    values: z
      .array(
        z.strictObject({
          value: z.string(),
          ...spendShape,
          uncertainNanoUsd: nanoUsdSchema.describe("As above, of this value."),
        }),
      )
      .nullable()
      .describe("Of a budget for each value: the 20 dearest."),
    forecast: z
      .strictObject({
        method: z.enum(["seasonal", "run_rate"]),
        endNanoUsd: nanoUsdSchema,
        lowNanoUsd: nanoUsdSchema,
        highNanoUsd: nanoUsdSchema,
        confidencePercent: z.int().describe("How often the end is between the two."),
      })
      .nullable()
      .describe("What the period is expected to end with; null where too little is known."),
  })
  .meta({ id: "BudgetFigures" });

const blockedShape = { blockedCalls: countSchema, savedNanoUsd: nanoUsdSchema };

const groupSchema = z.strictObject({ name: z.string().nullable(), ...blockedShape });

const backtestSchema = z
  .strictObject({
    days: z.int(),
    calls: countSchema,
    uncountedCalls: countSchema.describe("Not counted, for want of a value of `each`."),
    unpricedCalls: countSchema,
    costNanoUsd: nanoUsdSchema,
    ...blockedShape,
    periodCount: countSchema,
    blockedPeriodCount: countSchema,
    blockedPeriods: z.array(
      z.strictObject({
        startsAt: timeSchema,
        endsAt: timeSchema.nullable(),
        firstBlockedAt: timeSchema,
        ...blockedShape,
      }),
    ),
    thresholds: z.array(z.strictObject({ percent: z.int(), times: countSchema })),
    blockedValueCount: countSchema,
    blockedValues: z.array(groupSchema),
    blockedModels: z.array(groupSchema),
  })
  .describe("What the budget would have done, had it been enforced.")
  .meta({ id: "Backtest" });

const stoppedGroupSchema = z.strictObject({
  name: z.string().nullable(),
  calls: countSchema,
  lastAt: timeSchema,
});

const stoppedSchema = z
  .strictObject({
    days: z.int(),
    refusedCalls: countSchema.describe(
      "Were not made. A call that is tried again counts each time.",
    ),
    cutOffCalls: countSchema.describe("Were made, and their streams ended early."),
    firstAt: timeSchema.nullable(),
    lastAt: timeSchema.nullable(),
    causes: z
      .array(stoppedGroupSchema)
      .describe(`\`name\`: ${REFUSAL_CAUSES.join(", ")}; null from guards of earlier versions.`),
    values: z.array(stoppedGroupSchema).describe("By `each`, or by user: those with the most."),
    models: z.array(stoppedGroupSchema),
  })
  .describe("What the budget has stopped, by the spans of the guards that did it.")
  .meta({ id: "StoppedCalls" });

const DAYS_DEFAULT = 30;
const STOPPED_DAYS_DEFAULT = 7;

const daysSchema = z
  .int()
  .min(1)
  .max(Math.max(...BACKTEST_DAYS))
  .default(DAYS_DEFAULT)
  .describe("Of how many days, up to now, the calls are.");

const { scope, each, limitNanoUsd, period, unknownPrice, thresholdsPercent } =
  createBudgetSchema.shape;
const proposedSchema = z
  .strictObject({
    scope,
    each,
    limitNanoUsd,
    period,
    unknownPrice,
    thresholdsPercent,
    days: daysSchema,
  })
  .refine((budget) => !isEachFixed(budget), EACH_IS_FIXED);

export const budgetFigureRoutes: readonly ApiRoute[] = [
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/budgets/{budgetId}/figures",
    operationId: "getBudgetFigures",
    tag: "Budgets",
    summary: "What is spent, held and left of a budget now, and what it is expected to end with.",
    permission: "project.read",
    params: budgetParams,
    success: { status: 200, description: "The figures.", schema: figuresSchema },
    handle: async (request) => {
      const { console, services, projectId } = request;
      const budget = await foundBudget(request);
      const nowUnixMs = services.now().getTime();
      const question = { projectId, budgets: [budget], nowUnixMs };
      const [figures] = await loadBudgetFigures(console.lake, question);
      if (figures === undefined) {
        return { body: { ...NOT_COUNTING, limitNanoUsd: budget.limitNanoUsd } };
      }
      const held = (await heldAmounts(services, [budget])).get(budget.id);
      const left = leftNanoUsd(figures.limitNanoUsd, figures.spend.costNanoUsd, held);
      return {
        body: {
          isCounting: true,
          startsAt: timeOf(figures.span.startMs),
          resetsAt: budget.period.kind === "rolling" ? undefined : timeOf(figures.span.endMs),
          limitNanoUsd: figures.limitNanoUsd,
          ...figures.spend,
          leftNanoUsd: budget.each === null ? left : undefined,
          settledNanoUsd: held?.settledNanoUsd,
          heldNanoUsd: held?.heldNanoUsd,
          uncertainNanoUsd: held?.uncertainNanoUsd,
          liveLeases: held?.liveLeases,
          values: await withUncertain(services, budget, figures.byValue?.values),
          forecast: toForecastJson(figures),
        },
      };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/budgets/{budgetId}/stopped-calls",
    operationId: "getStoppedCalls",
    tag: "Budgets",
    summary: "What a budget has stopped: why, whose calls, and of which models.",
    permission: "project.read",
    params: budgetParams,
    query: z.strictObject({ days: daysSchema.default(STOPPED_DAYS_DEFAULT) }),
    success: { status: 200, description: "What it has stopped.", schema: stoppedSchema },
    handle: async (request) => {
      const { console, services, projectId, query } = request;
      const budget = await foundBudget(request);
      const nowUnixMs = services.now().getTime();
      const stopped = await loadStoppedCalls(console.lake, {
        projectId,
        budget,
        ...query,
        nowUnixMs,
      });
      return {
        body: {
          days: query.days,
          refusedCalls: stopped.refusedCalls,
          cutOffCalls: stopped.cutOffCalls,
          firstAt: dateOf(stopped.firstUnixMs),
          lastAt: dateOf(stopped.lastUnixMs),
          causes: stopped.causes.map((cause) => toStoppedJson(cause)),
          values: stopped.values.map((value) => toStoppedJson(value)),
          models: stopped.models.map((model) => toStoppedJson(model)),
        },
      };
    },
  }),
  defineRoute({
    method: "GET",
    path: "/projects/{projectId}/budgets/{budgetId}/backtest",
    operationId: "backtestBudget",
    tag: "Budgets",
    summary: "What a budget would have stopped on the stored calls, had it been enforced.",
    permission: "project.read",
    params: budgetParams,
    query: z.strictObject({ days: daysSchema }),
    success: { status: 200, description: "What it would have done.", schema: backtestSchema },
    handle: async (request) => ({
      body: await backtestOf(request, await foundBudget(request), request.query.days),
    }),
  }),
  defineRoute({
    method: "POST",
    path: "/projects/{projectId}/budgets/backtest",
    operationId: "backtestProposedBudget",
    tag: "Budgets",
    summary: "The same for a budget that does not exist yet; it creates nothing.",
    permission: "project.read",
    body: proposedSchema,
    success: { status: 200, description: "What it would have done.", schema: backtestSchema },
    handle: async (request) => ({
      body: await backtestOf(request, request.body, request.body.days),
    }),
  }),
];

const NOT_COUNTING = {
  isCounting: false,
  startsAt: undefined,
  resetsAt: undefined,
  costNanoUsd: 0n,
  calls: 0,
  unpricedCalls: 0,
  leftNanoUsd: undefined,
  settledNanoUsd: undefined,
  heldNanoUsd: undefined,
  uncertainNanoUsd: undefined,
  liveLeases: undefined,
  values: undefined,
  forecast: undefined,
} as const;

async function backtestOf(
  { console, services, projectId }: ApiRequest,
  budget: ProposedBudget,
  days: number,
): Promise<BacktestJson> {
  const nowUnixMs = services.now().getTime();
  const question = { projectId, budget, days, nowUnixMs };
  return { days, ...toBacktestJson(await loadBacktest(console.lake, question)) };
}

type BacktestJson = ReturnType<typeof toBacktestJson> & { readonly days: number };

function toBacktestJson({ blockedPeriods, ...figures }: Backtest) {
  return {
    ...figures,
    blockedPeriods: blockedPeriods.map(({ startMs, endMs, firstBlockedUnixMs, ...blocked }) =>
      Object.assign(blocked, {
        startsAt: new Date(startMs),
        endsAt: timeOf(endMs),
        firstBlockedAt: new Date(firstBlockedUnixMs),
      }),
    ),
  };
}

function toForecastJson({ forecast }: BudgetFigures) {
  if (forecast?.kind !== "expected") return undefined;
  const { kind: _kind, ...expected } = forecast;
  return { ...expected, confidencePercent: CONFIDENCE_PERCENT };
}

function toStoppedJson({ name, calls, lastUnixMs }: StoppedGroup) {
  return { name, calls, lastAt: new Date(lastUnixMs) };
}

const dateOf = (unixMs: number | undefined): Date | undefined =>
  unixMs === undefined ? undefined : new Date(unixMs);

/** Undefined for a moment that never comes. */
const timeOf = (unixMs: number): Date | undefined =>
  Number.isFinite(unixMs) ? new Date(unixMs) : undefined;

async function withUncertain<T extends { readonly value: string }>(
  services: ServiceContext,
  budget: Budget,
  values: readonly T[] | undefined,
): Promise<readonly (T & { readonly uncertainNanoUsd: bigint })[] | undefined> {
  if (values === undefined) return undefined;
  const held = await heldByValue(
    services,
    budget,
    values.map(({ value }) => value),
  );
  return values.map((spend) =>
    Object.assign({}, spend, { uncertainNanoUsd: held.get(spend.value)?.uncertainNanoUsd ?? 0n }),
  );
}
