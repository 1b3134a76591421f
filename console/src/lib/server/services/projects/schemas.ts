import { STALE_MODES } from "@lensai/otel-config/control/stale-modes";
import { z } from "zod";
import { projectIdSchema, projectNameSchema } from "./project-id.ts";

const contentSchema = z
  .enum(["redacted", "off"])
  .describe("Message content: stored after redaction, or not at all.");

const requireSignatureSchema = z
  .boolean()
  .describe("Collectors refuse what the project sends unsigned.");

/** Shorter would stop calls while a collector restarts; what nobody has heard of for a week is no policy. */
const STALENESS_SECONDS_MIN = 60;
const STALENESS_SECONDS_MAX = 604_800;

export const maxStalenessSecondsSchema = z
  .int()
  .min(STALENESS_SECONDS_MIN)
  .max(STALENESS_SECONDS_MAX)
  .nullable()
  .describe(
    "Processes that have heard nothing of their policy for longer go by `staleMode`; null: never.",
  );

export const staleModeSchema = z
  .enum(STALE_MODES)
  .describe(
    "Calls of models are refused, go on by the policy that came last, or go on and are only counted.",
  );

export const createProjectSchema = z.strictObject({
  id: projectIdSchema,
  name: projectNameSchema,
  content: contentSchema.optional(),
});

export const projectChangeSchema = z
  .strictObject({
    name: projectNameSchema.optional(),
    content: contentSchema.optional(),
    requireSignature: requireSignatureSchema.optional(),
    maxStalenessSeconds: maxStalenessSecondsSchema.optional(),
    staleMode: staleModeSchema.optional(),
  })
  .describe("What is absent stays as it is.");

export type ProjectChange = z.infer<typeof projectChangeSchema>;
