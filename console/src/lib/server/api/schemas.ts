import { SCOPE_KEYS } from "@lensai/otel-config/control/call-scope";
import { z } from "zod";

/** An amount. A JSON number is a double, which has no room for all of its digits. */
export const nanoUsdSchema = z
  .string()
  .regex(/^-?\d{1,30}$/)
  .describe(
    'An amount in nano-USD (1e-9 US dollars), as decimal digits: "4500000" is $0.0045. Exact; parse it as a whole number of any size.',
  )
  .meta({ id: "NanoUsd", examples: ["4500000"] });

/** Sums of tokens and other counts that can exceed 2^53. */
export const countTextSchema = z
  .string()
  .regex(/^-?\d{1,30}$/)
  .describe("A whole number, as decimal digits: it may be larger than a JSON number can hold.")
  .meta({ id: "WholeNumber", examples: ["1048576"] });

export const timeSchema = z.iso
  .datetime()
  .describe("A time in UTC (ISO 8601).")
  .meta({ id: "Time", examples: ["2026-11-24T08:00:00.000Z"] });

export const countSchema = z.int().min(0);

/** Digits of the span row's identity. */
export const traceIdSchema = z.string().regex(/^[0-9a-f]{32}$/, "is 32 lower-case hex digits");
export const spanIdSchema = z.string().regex(/^[0-9a-f]{16}$/, "is 16 lower-case hex digits");

/** Who or what made a change: `user:<id>`, `key:<id>`, `local`, `control token`. */
export const actorSchema = z
  .string()
  .describe("Who did it: `user:<id>`, `key:<id>`, `local`, or `control token`.");

/** The scope of a budget or a kill-switch, as it is answered. */
export const scopeAnswerSchema = z
  .partialRecord(z.enum(SCOPE_KEYS), z.string())
  .describe("The calls that have all of these values; `{}` is every call of the project.")
  .meta({ id: "CallScope", examples: [{ team: "support", model: "gpt-5*" }] });

/** An id that is looked up as it is: no shape is promised. */
export const idParam = (what: string): z.ZodString => z.string().min(1).max(128).describe(what);
