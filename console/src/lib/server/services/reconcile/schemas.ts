import { z } from "zod";

/** Costs and usage of a month from each of several providers, each with some pages. */
const FILES_MAX = 50;
/** All of them, with what stands around them in a request: below what the server takes at once, 512 KiB. */
export const RECONCILE_BYTES_MAX = 500_000;

const daySchema = z.iso.date("is not a day such as 2026-11-01");

export const reconcileSchema = z.strictObject({
  files: z
    .array(z.strictObject({ name: z.string().min(1).max(256), text: z.string() }))
    .min(1, "give at least one file")
    .max(FILES_MAX)
    .describe("What providers have told: answers of their usage and cost APIs, or CSV."),
  from: daySchema.optional().describe("The first day, in UTC; where the files begin, when absent."),
  to: daySchema.optional().describe("Not included; where the files end, when absent."),
  tolerancePercent: z
    .number()
    .min(0)
    .max(100)
    .default(1)
    .describe("How far two figures may be apart, of the provider's."),
  of: z
    .enum(["project", "organization"])
    .default("project")
    .describe("Whose calls: a provider charges all projects of an account together."),
});

export type ReconcileInput = z.output<typeof reconcileSchema>;
