import { z } from "zod";
import { projectIdSchema } from "../projects/project-id.ts";

const KEY_SCOPES = ["ingest", "read", "control"] as const;
const DAY_SECONDS = 86_400;
/** Longer than this is as good as never, and does not fit a date a mistake away. */
const VALID_DAYS_MAX = 3650;
const ORIGINS_MAX = 50;

/** As a browser names it in its Origin header. */
const originSchema = z
  .string()
  .trim()
  .refine((text) => URL.canParse(text) && new URL(text).origin === text, {
    message: "must be a scheme, a host and nothing else, as in https://app.example.com",
  });

const keyIdSchema = z.string().min(1).max(64);

export const createKeySchema = z
  .object({
    name: z
      .string()
      .trim()
      .min(1, "say what the key is for")
      .max(100, "has at most 100 characters"),
    scopes: z.array(z.enum(KEY_SCOPES)).min(1, "choose at least one"),
    /** Pages of these origins may use the key; empty for servers. */
    origins: z.array(originSchema).max(ORIGINS_MAX).default([]),
    /** Absent: it does not expire. */
    expiresInDays: z.int().min(1).max(VALID_DAYS_MAX).optional(),
  })
  .refine(({ origins, scopes }) => origins.length === 0 || scopes.every((s) => s === "ingest"), {
    path: ["scopes"],
    message: "a key that pages carry is no secret: it may have the scope ingest alone",
  });

/** The old key stays valid for the overlap, so that nothing fails while the new one is put in place. */
export const rotateKeySchema = z.object({
  overlapSeconds: z
    .int()
    .min(0)
    .max(366 * DAY_SECONDS),
});

/** Which key is meant. */
export const namedKeySchema = z.object({ projectId: projectIdSchema, keyId: keyIdSchema });

export type NamedKey = z.infer<typeof namedKeySchema>;
export type RotateKeyInput = NamedKey & z.infer<typeof rotateKeySchema>;
