import { z } from "zod";
import { projectIdSchema, projectNameSchema } from "./project-id.ts";

const contentSchema = z
  .enum(["redacted", "off"])
  .describe("Message content: stored after redaction, or not at all.");

const requireSignatureSchema = z
  .boolean()
  .describe("Collectors refuse what the project sends unsigned.");

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
  })
  .describe("What is absent stays as it is.");

export type ProjectChange = z.infer<typeof projectChangeSchema>;
