import { z } from "zod";

export const organizationNameSchema = z
  .string()
  .trim()
  .min(1, "the name of an organisation must not be empty")
  .max(100, "the name of an organisation has at most 100 characters");

export const organizationTermsSchema = z.strictObject({ name: organizationNameSchema });

export type OrganizationTerms = z.infer<typeof organizationTermsSchema>;
