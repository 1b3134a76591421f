import { z } from "zod";

/** A year: longer overlaps are no rotation. */
const OVERLAP_SECONDS_MAX = 366 * 86_400;

export const createSigningSecretSchema = z.strictObject({
  expireOthersInSeconds: z
    .int()
    .min(0)
    .max(OVERLAP_SECONDS_MAX)
    .optional()
    .describe("The project's other secrets end after so many seconds, unless they end before."),
});
