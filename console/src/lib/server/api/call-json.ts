import type { CallLine, CallPlace } from "@lensai/analytics/queries/newest-calls";
import { z } from "zod";
import { countSchema, countTextSchema, nanoUsdSchema, timeSchema } from "./schemas.ts";

const tokens = countSchema.nullable();

export const callSchema = z
  .strictObject({
    startedAt: timeSchema,
    startUnixNano: countTextSchema.describe("When it started, in full precision."),
    traceId: z.string().nullable(),
    spanId: z.string().nullable(),
    batchId: z.string().describe("With `recordOrdinal`, names also a record without ids."),
    recordOrdinal: countTextSchema.nullable(),
    signal: z.string().describe("`span`, `log` or `metric`."),
    serviceName: z.string().nullable(),
    provider: z.string().nullable(),
    model: z.string().nullable(),
    userId: z.string().nullable(),
    operation: z.string().nullable(),
    status: z.string().nullable(),
    errorType: z.string().nullable(),
    isStreaming: z.boolean().nullable(),
    latencyMs: z.number().nullable(),
    ttftMs: z.number().nullable(),
    isBilled: z.boolean().describe("False: it failed before it cost anything."),
    costNanoUsd: nanoUsdSchema.nullable().describe("Null: unknown."),
    tokens: z
      .strictObject({
        input: tokens,
        output: tokens,
        inputUncached: tokens,
        cacheRead: tokens,
        cacheWrite5m: tokens,
        cacheWrite1h: tokens,
        reasoning: tokens,
      })
      .describe("`input` and `output` are inclusive; the others are parts of them."),
    usageSource: z.string().nullable().describe("`reported`, `derived`, `estimated` or `missing`."),
    usageRule: z
      .string()
      .nullable()
      .describe("The rule that read the counts, or says why there are none."),
  })
  .meta({ id: "Call" });

export type CallJson = Omit<CallLine, "startUnixMs"> & { readonly startedAt: Date };

export function toCallJson({ startUnixMs, ...line }: CallLine): CallJson {
  return { startedAt: new Date(startUnixMs), ...line };
}

/** Of a cursor. */
export const callPlaceSchema: z.ZodType<CallPlace> = z
  .tuple([
    z.string().regex(/^\d{1,19}$/),
    z.string().max(64).nullable(),
    z.string().max(64),
    z
      .string()
      .regex(/^\d{1,19}$/)
      .nullable(),
  ])
  .transform(([startUnixNano, spanId, batchId, recordOrdinal]) => ({
    startUnixNano: BigInt(startUnixNano),
    spanId: spanId ?? undefined,
    batchId,
    recordOrdinal: recordOrdinal === null ? undefined : BigInt(recordOrdinal),
  }))
  .refine(({ startUnixNano, recordOrdinal = 0n }) =>
    [startUnixNano, recordOrdinal].every((value) => value <= INT64_MAX),
  );

const INT64_MAX = 2n ** 63n - 1n;

export function callPlaceOf(call: CallPlace): readonly (string | null)[] {
  const { startUnixNano, spanId, batchId, recordOrdinal } = call;
  return [String(startUnixNano), spanId ?? null, batchId, recordOrdinal?.toString() ?? null];
}
