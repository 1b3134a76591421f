import { SCOPE_KEYS } from "@lensai/otel-config/control/call-scope";
import { z } from "zod";
import { projectIdSchema } from "../projects/project-id.ts";

const scopeValueSchema = z
  .string()
  .trim()
  .min(1, "must not be empty")
  .max(256, "has at most 256 characters");

/** `{}` is every call of the project. */
export const scopeSchema = z.partialRecord(z.enum(SCOPE_KEYS), scopeValueSchema);

/** Whoever is stopped reads it. */
const reasonSchema = z
  .string()
  .trim()
  .min(3, "say why, in at least 3 characters")
  .max(500, "has at most 500 characters");

export const triggerSchema = z.object({
  projectId: projectIdSchema,
  scope: scopeSchema,
  reason: reasonSchema,
});

export const releaseSchema = z.object({
  projectId: projectIdSchema,
  killSwitchId: z.string().min(1).max(64),
  reason: reasonSchema,
});

export type TriggerKillSwitchInput = z.infer<typeof triggerSchema>;
export type ReleaseKillSwitchInput = z.infer<typeof releaseSchema>;
