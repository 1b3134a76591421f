import {
  BUDGET_MODES,
  FAIL_MODES,
  UNKNOWN_PRICE_POLICIES,
} from "@lensai/otel-config/control/budgets";
import { SCOPE_KEYS } from "@lensai/otel-config/control/call-scope";
import { z } from "zod";
import { isTimeZone } from "../../../budgets/zone-time.ts";
import { scopeSchema } from "../kill-switches/schemas.ts";
import { projectIdSchema } from "../projects/project-id.ts";

const HOUR_MS = 3_600_000;
const WINDOW_HOURS_MAX = 90 * 24;
/** Each of them is a message to somebody. */
const THRESHOLDS_MAX = 10;
const THRESHOLD_PERCENT_MAX = 1000;
/** A raise for longer is a new limit. */
export const OVERRIDE_DAYS_MAX = 92;

const nameSchema = z
  .string()
  .trim()
  .min(1, "must not be empty")
  .max(100, "has at most 100 characters");

/** As the control snapshot has it: below a billion dollars. */
const limitSchema = z
  .string()
  .regex(
    /^[1-9]\d{0,17}$/,
    'is an amount in nano-USD above zero and below a billion dollars, as digits: "5000000000" is five dollars',
  )
  .transform((digits) => BigInt(digits));

const timeZoneSchema = z
  .string()
  .max(64)
  .refine((name) => isTimeZone(name), {
    error: ({ input }) =>
      `${JSON.stringify(input)} is not an IANA time zone such as "Europe/Berlin" or "UTC"`,
  });

const timeSchema = z.iso
  .datetime({ offset: true, error: "is not a time such as 2026-12-01T00:00:00Z" })
  .transform((text) => new Date(text).toISOString());

/** Strict, so that an anchor of another kind is refused: a month that begins on a Monday contradicts itself. */
const periodSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("hour") }),
  z.strictObject({ kind: z.literal("day"), timeZone: timeZoneSchema }),
  z.strictObject({
    kind: z.literal("week"),
    timeZone: timeZoneSchema,
    weekStartsOn: z.int().min(1).max(7).default(1),
  }),
  z.strictObject({
    kind: z.literal("month"),
    timeZone: timeZoneSchema,
    monthDay: z.int().min(1).max(31).default(1),
  }),
  z.strictObject({
    kind: z.literal("quarter"),
    timeZone: timeZoneSchema,
    firstMonth: z.int().min(1).max(12).default(1),
  }),
  z.strictObject({
    kind: z.literal("rolling"),
    windowMs: z
      .int()
      .min(HOUR_MS, "is at least an hour (3600000)")
      .max(WINDOW_HOURS_MAX * HOUR_MS, "is at most 90 days")
      .multipleOf(HOUR_MS, "is a whole number of hours (3600000 each)"),
  }),
  z
    .strictObject({
      kind: z.literal("total"),
      startsAt: timeSchema.exactOptional(),
      endsAt: timeSchema.exactOptional(),
    })
    .refine(({ startsAt, endsAt }) => !startsAt || !endsAt || startsAt < endsAt, {
      path: ["endsAt"],
      error: "is not after startsAt",
    }),
]);

const thresholdsSchema = z
  .array(z.int().min(1).max(THRESHOLD_PERCENT_MAX))
  .max(THRESHOLDS_MAX, `has at most ${THRESHOLDS_MAX} thresholds`)
  .refine((list) => list.every((percent, at) => at === 0 || percent > (list[at - 1] ?? 0)), {
    error: "rises from each threshold to the next, without one twice",
  });

const noteSchema = (charactersMax: number) =>
  z.string().trim().min(1).max(charactersMax, `has at most ${charactersMax} characters`).nullable();

const terms = {
  name: nameSchema,
  scope: scopeSchema,
  each: z.enum(SCOPE_KEYS).nullable(),
  limitNanoUsd: limitSchema,
  period: periodSchema,
  thresholdsPercent: thresholdsSchema,
  alertsOnForecast: z.boolean(),
  mode: z.enum(BUDGET_MODES),
  failMode: z.enum(FAIL_MODES),
  unknownPrice: z.enum(UNKNOWN_PRICE_POLICIES),
  clamp: z.boolean(),
  owner: noteSchema(100),
  notes: noteSchema(2000),
};

/** What a budget is when nobody says otherwise: it watches, and stops nothing. */
export const BUDGET_DEFAULTS = {
  scope: {},
  each: null,
  period: { kind: "month", timeZone: "UTC", monthDay: 1 },
  thresholdsPercent: [50, 90, 100],
  alertsOnForecast: true,
  mode: "observe",
  failMode: "spend_lease_then_closed",
  unknownPrice: "assume_family_max",
  clamp: false,
  owner: null,
  notes: null,
} as const satisfies Partial<z.input<z.ZodObject<typeof terms>>>;

const defaulted = {
  ...terms,
  scope: terms.scope.default(BUDGET_DEFAULTS.scope),
  each: terms.each.default(BUDGET_DEFAULTS.each),
  period: terms.period.default(BUDGET_DEFAULTS.period),
  thresholdsPercent: terms.thresholdsPercent.default([...BUDGET_DEFAULTS.thresholdsPercent]),
  alertsOnForecast: terms.alertsOnForecast.default(BUDGET_DEFAULTS.alertsOnForecast),
  mode: terms.mode.default(BUDGET_DEFAULTS.mode),
  failMode: terms.failMode.default(BUDGET_DEFAULTS.failMode),
  unknownPrice: terms.unknownPrice.default(BUDGET_DEFAULTS.unknownPrice),
  clamp: terms.clamp.default(BUDGET_DEFAULTS.clamp),
  owner: terms.owner.default(BUDGET_DEFAULTS.owner),
  notes: terms.notes.default(BUDGET_DEFAULTS.notes),
};

const EACH_IS_FIXED =
  "is fixed to one value by the scope: leave it out of one of the two, each or scope";

export const createBudgetSchema = z
  .strictObject({ projectId: projectIdSchema, ...defaulted })
  .refine((budget) => !isEachFixed(budget), { path: ["each"], error: EACH_IS_FIXED });

const budgetIdSchema = z.string().min(1).max(64);
const versionSchema = z.int().min(1);

/** What is left out stays. `version` is the one that whoever changes it saw. */
export const updateBudgetSchema = z
  .strictObject({
    projectId: projectIdSchema,
    budgetId: budgetIdSchema,
    version: versionSchema,
    ...z.object(terms).partial().shape,
  })
  .refine((change) => !isEachFixed(change), { path: ["each"], error: EACH_IS_FIXED });

export const deleteBudgetSchema = z.strictObject({
  projectId: projectIdSchema,
  budgetId: budgetIdSchema,
  version: versionSchema,
});

const reasonSchema = z
  .string()
  .trim()
  .min(3, "say why, in at least 3 characters")
  .max(500, "has at most 500 characters");

export const createOverrideSchema = z
  .strictObject({
    projectId: projectIdSchema,
    budgetId: budgetIdSchema,
    limitNanoUsd: limitSchema,
    /** At once when left out. */
    startsAt: timeSchema.exactOptional(),
    endsAt: timeSchema,
    reason: reasonSchema,
  })
  .refine(({ startsAt, endsAt }) => startsAt === undefined || startsAt < endsAt, {
    path: ["endsAt"],
    error: "is not after startsAt",
  });

export const endOverrideSchema = z.strictObject({
  projectId: projectIdSchema,
  budgetId: budgetIdSchema,
  overrideId: z.string().min(1).max(64),
});

/** A budget that is for each value of what its scope fixes to one value is for that one only. */
export function isEachFixed({
  each,
  scope,
}: {
  readonly each?: string | null | undefined;
  readonly scope?: Readonly<Record<string, unknown>> | undefined;
}): boolean {
  return typeof each === "string" && scope?.[each] !== undefined;
}

export type CreateBudgetInput = z.output<typeof createBudgetSchema>;
export type UpdateBudgetInput = z.output<typeof updateBudgetSchema>;
export type DeleteBudgetInput = z.output<typeof deleteBudgetSchema>;
export type CreateOverrideInput = z.output<typeof createOverrideSchema>;
export type EndOverrideInput = z.output<typeof endOverrideSchema>;
