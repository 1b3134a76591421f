import { z } from "zod";

/** Ten thousand percent: beyond it, somebody has typed basis points for percent. */
const MARKUP_BASIS_POINTS_MAX = 1_000_000;
const TENANT_CHARACTERS_MAX = 256;

/** A restricted key does, too: it needs to write meters, meter events, prices and products. */
const stripeKeySchema = z
  .string()
  .trim()
  .regex(
    /^(?:sk|rk)_(?:test|live)_\w{8,250}$/,
    "is not a secret or restricted key of Stripe: it begins with sk_test_, sk_live_, rk_test_ or rk_live_",
  );

const daySchema = z.iso.date("is not a day such as 2026-11-01");

const markupSchema = z
  .int("is not a whole number of basis points: 100 are 1 %")
  .min(0, "must not be below zero")
  .max(
    MARKUP_BASIS_POINTS_MAX,
    `is at most ${MARKUP_BASIS_POINTS_MAX} (${MARKUP_BASIS_POINTS_MAX / 100} %)`,
  );

export const createBillingSchema = z.strictObject({
  stripeKey: stripeKeySchema,
  eventName: z
    .string()
    .regex(/^[a-z0-9_]{1,60}$/, "has 1 to 60 lower-case letters, digits and underscores")
    .default("lensai_micro_usd"),
  markupBasisPoints: markupSchema.default(0),
  startsOn: daySchema,
});

export const updateBillingSchema = z.strictObject({
  stripeKey: stripeKeySchema.optional().describe("Another key of the same account."),
  markupBasisPoints: markupSchema.optional(),
  isPaused: z.boolean().optional(),
});

export const tenantSchema = z
  .string()
  .min(1, "must not be empty")
  .max(TENANT_CHARACTERS_MAX, `has at most ${TENANT_CHARACTERS_MAX} characters`);

export const customerIdSchema = z
  .string()
  .trim()
  .regex(/^cus_\w{1,120}$/, "is not the id of a customer in Stripe, such as cus_NffrFeUfNV2Hib");

export const monthSchema = z
  .string()
  .regex(/^20\d\d-(?:0[1-9]|1[0-2])$/, "is not a month such as 2026-11");

export type CreateBillingInput = z.infer<typeof createBillingSchema>;
export type UpdateBillingInput = z.infer<typeof updateBillingSchema>;
