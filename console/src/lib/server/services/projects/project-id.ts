import { z } from "zod";

/** The id is part of URLs and lake rows: a short slug. Names are free text. */
export const projectIdSchema = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/,
    "a project id has 1 to 63 lower-case letters, digits and dashes, and no dash at either end",
  );

export const projectNameSchema = z
  .string()
  .trim()
  .min(1, "a project name must not be empty")
  .max(100, "a project name has at most 100 characters");
