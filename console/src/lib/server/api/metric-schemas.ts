import { CALL_DIMENSIONS } from "@lensai/analytics/queries/call-dimensions";
import type { TimeRange } from "@lensai/analytics/queries/query-source";
import { z } from "zod";
import { countSchema, nanoUsdSchema, timeSchema } from "./schemas.ts";

/** How many groups an answer has, unless it is asked for more. */
export const GROUPS_DEFAULT = 100;

export const rangeSchema = z
  .strictObject({ from: timeSchema, to: timeSchema })
  .describe("What was asked about: from `from` up to, and without, `to`.");

export const costSchema = nanoUsdSchema
  .nullable()
  .describe("Sum of the known costs; null when there are billed calls and none has a price.");

export const tokensSchema = countSchema
  .nullable()
  .describe("Null when no billed call reports them.");

export const milliseconds = z.number().min(0).nullable();

export const dimensionSchema = z.enum(CALL_DIMENSIONS).describe("What the calls are grouped by.");

export const keySchema = z
  .string()
  .nullable()
  .describe("Null: the calls that have no value there.");

/** What a figure of calls says. */
export const callFigures = {
  calls: countSchema.describe("Model calls, answered or failed."),
  pricedCalls: countSchema.describe("Billed calls with a price."),
  unpricedCalls: countSchema.describe(
    "Billed calls whose price is unknown: they are missing in the cost.",
  ),
  costNanoUsd: costSchema,
  estimatedCalls: countSchema.describe("Priced calls whose counts are not the provider's."),
  inputTokens: tokensSchema,
  outputTokens: tokensSchema,
};

/** A range as answers say it. */
export const datesOf = ({
  fromUnixMs,
  toUnixMs,
}: TimeRange): { readonly from: Date; readonly to: Date } => ({
  from: new Date(fromUnixMs),
  to: new Date(toUnixMs),
});
