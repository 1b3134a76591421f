import { z } from "zod";
import type { CallArithmetic } from "../../arithmetic.ts";
import { countSchema, countTextSchema, nanoUsdSchema, timeSchema } from "./schemas.ts";

const text = z.string().nullable();

const picoUsdSchema = z
  .string()
  .regex(/^-?\d{1,40}$/)
  .describe("An amount in pico-USD (1e-12 US dollars), as decimal digits.")
  .meta({ id: "PicoUsd", examples: ["2500000"] });

const wordedSchema = z
  .strictObject({ name: z.string(), words: text })
  .nullable()
  .describe("A word of the contract, and what it means.");

const billSchema = z
  .strictObject({
    model: z.string(),
    modelColumn: z.enum(["response_model", "request_model"]),
    lines: z
      .array(
        z.strictObject({
          part: z
            .string()
            .describe("`input_uncached`, `cache_read`, `output_text`, `request`, ..."),
          quantity: z.number(),
          picoUsdEach: picoUsdSchema,
          picoUsd: picoUsdSchema,
        }),
      )
      .describe("Parts times unit price, in the order of a bill."),
    sumPicoUsd: picoUsdSchema,
    costNanoUsd: nanoUsdSchema.describe("The sum, rounded half up once."),
    overrides: z.array(
      z.strictObject({ layer: z.string(), source: z.string(), recordedBy: z.string() }),
    ),
    comparison: z
      .enum(["same", "same_when_stored", "changed", "not_stored"])
      .describe("How the stored cost compares with these lines."),
    todayNanoUsd: nanoUsdSchema.nullable(),
  })
  .meta({ id: "Bill" });

const usageSchema = z.strictObject({
  sent: z
    .array(
      z.strictObject({
        name: z.string(),
        value: z.string(),
        meaning: text,
        isUsed: z.boolean(),
      }),
    )
    .describe("What the client said, attribute by attribute."),
  dialect: text,
  source: wordedSchema,
  basis: wordedSchema,
  rule: wordedSchema,
  advice: text.describe("What to do about the producer."),
  oddities: z.array(z.string()),
  inputTokens: countSchema.nullable(),
  outputTokens: countSchema.nullable(),
});

const relatedSchema = z
  .strictObject({
    relation: z.enum(["billed_instead", "repeats", "may_be_same"]),
    batchId: z.string(),
    recordOrdinal: countTextSchema.nullable(),
    traceId: text,
    spanId: text,
    startedAt: timeSchema,
    signal: z.string(),
    serviceName: text,
    scopeName: text,
    spanName: text,
    dialect: text,
    model: text,
    isBilled: z.boolean(),
    billRule: text,
    inputTokens: countSchema.nullable(),
    outputTokens: countSchema.nullable(),
    costNanoUsd: nanoUsdSchema.nullable(),
  })
  .describe("Another record that speaks of the same call.");

export const arithmeticSchema = z
  .strictObject({
    verdict: z.strictObject({
      kind: z.enum(["billed", "failed", "repeated", "aggregate", "no_call"]),
      rule: text,
      text: z.string(),
      shadowedBy: text.describe("Span id of the record that is billed instead."),
    }),
    usage: usageSchema,
    bill: billSchema
      .nullable()
      .describe("Null when today's prices cannot price it, and those of its time could not."),
    costNanoUsd: nanoUsdSchema.nullable().describe("Stored with the record; null is unknown."),
    priceVersion: text,
    noCost: z
      .strictObject({
        code: z.string(),
        text: z.string(),
        advice: text,
        command: text,
        unpriced: z
          .strictObject({ provider: z.string(), model: z.string(), serviceTier: z.string() })
          .nullable()
          .describe("What has no price: `setPrices` gives it one."),
      })
      .nullable()
      .describe("Why there is no cost, on records that could have one."),
    clientClaim: z
      .strictObject({ nanoUsd: nanoUsdSchema, differenceNanoUsd: nanoUsdSchema.nullable() })
      .nullable()
      .describe("What the client says the call cost, and ours minus theirs."),
    bookVersion: z.string(),
    related: z.array(relatedSchema),
  })
  .describe("Everything that leads from what a client sent to what the call costs.")
  .meta({ id: "Arithmetic" });

type RelatedJson = Omit<CallArithmetic["related"][number], "startUnixMs"> & { startedAt: Date };

export type ArithmeticJson = CallArithmetic["explanation"] & {
  readonly related: readonly RelatedJson[];
};

export function toArithmeticJson({ explanation, related }: CallArithmetic): ArithmeticJson {
  return {
    ...explanation,
    related: related.map(({ startUnixMs, ...record }) => ({
      ...record,
      startedAt: new Date(startUnixMs),
    })),
  };
}
