import { building } from "$app/env";
import { defineEnvVars } from "@sveltejs/kit/env";
import {
  CONTENT_BYTES_LIMIT,
  CONTENT_BYTES_MIN,
  CONTENT_DAYS_MIN,
  RECORD_DAYS_MIN,
  RETENTION_DAYS_MAX,
  isContentBytes,
  isDays,
} from "@lensai/analytics/retention/retention-policy";
import { settingSpec } from "@lensai/otel-config/settings";
import { z } from "zod";

/** A build needs no database and no secrets; a start does. */
const atStart = <T extends z.ZodType>(schema: T): T | z.ZodOptional<T> =>
  building ? schema.optional() : schema;

/** An empty variable means the same as an absent one: that is what environment files contain. */
const optionalText = z
  .string()
  .optional()
  .transform((value) => (value === "" ? undefined : value));

const withDefault = (name: string): z.ZodType<string, string | undefined> =>
  z
    .string()
    .optional()
    .transform((value) =>
      value === undefined || value === "" ? (settingSpec(name).default ?? "") : value,
    );

const port = (name: string): z.ZodType<string, string | undefined> =>
  withDefault(name).refine((value) => /^\d{1,5}$/.test(value) && Number(value) <= 65_535, {
    message: `${name} must be a port number from 0 to 65535`,
  });

const optionalDays = (
  name: string,
  min: number,
): z.ZodType<number | undefined, string | undefined> =>
  optionalText
    .refine((value) => value === undefined || isDays(value, min), {
      message: `${name} must be a whole number of days from ${min} to ${RETENTION_DAYS_MAX}, or empty`,
    })
    .transform((value) => (value === undefined ? undefined : Number(value)));

const isSecretsKey = (value: string): boolean =>
  /^[\w+/-]{43}=?$/.test(value) && Buffer.from(value, "base64url").length === 32;

const described = (name: string): { description: string } => ({
  description: settingSpec(name).description,
});

export const variables = defineEnvVars({
  DATABASE_URL: {
    schema: atStart(
      z.url({
        protocol: /^postgres(ql)?$/,
        message: "DATABASE_URL must be a postgres:// URL: it is the control database",
      }),
    ),
    ...described("DATABASE_URL"),
  },
  LENSAI_MIGRATE_DATABASE_URL: {
    schema: optionalText.refine((value) => value === undefined || /^postgres(ql)?:/.test(value), {
      message: "LENSAI_MIGRATE_DATABASE_URL must be a postgres:// URL",
    }),
    ...described("LENSAI_MIGRATE_DATABASE_URL"),
  },
  LENSAI_DATA_DIR: { schema: withDefault("LENSAI_DATA_DIR"), ...described("LENSAI_DATA_DIR") },
  LENSAI_LAKE_URL: { schema: optionalText, ...described("LENSAI_LAKE_URL") },
  LENSAI_PRICES_FILE: { schema: optionalText, ...described("LENSAI_PRICES_FILE") },
  LENSAI_REGION: {
    schema: withDefault("LENSAI_REGION").refine((value) => /^[a-z0-9-]+$/.test(value), {
      message: "LENSAI_REGION may contain lower-case letters, digits and dashes",
    }),
    ...described("LENSAI_REGION"),
  },
  LENSAI_S3_ENDPOINT: {
    schema: optionalText.refine((value) => value === undefined || /^https?:\/\//.test(value), {
      message: "LENSAI_S3_ENDPOINT must be an http:// or https:// URL",
    }),
    ...described("LENSAI_S3_ENDPOINT"),
  },
  AWS_ACCESS_KEY_ID: { schema: optionalText, ...described("AWS_ACCESS_KEY_ID") },
  AWS_SECRET_ACCESS_KEY: { schema: optionalText, ...described("AWS_SECRET_ACCESS_KEY") },
  AWS_SESSION_TOKEN: { schema: optionalText, ...described("AWS_SESSION_TOKEN") },
  AWS_REGION: { schema: withDefault("AWS_REGION"), ...described("AWS_REGION") },
  LENSAI_BOOTSTRAP_KEY: {
    schema: optionalText.refine((value) => value === undefined || value.length >= 16, {
      message: "LENSAI_BOOTSTRAP_KEY must have at least 16 characters",
    }),
    ...described("LENSAI_BOOTSTRAP_KEY"),
  },
  LENSAI_CONTROL_TOKEN: {
    schema: optionalText.refine((value) => value === undefined || value.length >= 16, {
      message: "LENSAI_CONTROL_TOKEN must have at least 16 characters",
    }),
    ...described("LENSAI_CONTROL_TOKEN"),
  },
  LENSAI_OTLP_HTTP_PORT: {
    schema: port("LENSAI_OTLP_HTTP_PORT"),
    ...described("LENSAI_OTLP_HTTP_PORT"),
  },
  LENSAI_API_REQUESTS_PER_MINUTE: {
    schema: withDefault("LENSAI_API_REQUESTS_PER_MINUTE")
      .refine((value) => /^[1-9]\d{0,8}$/.test(value), {
        message: "LENSAI_API_REQUESTS_PER_MINUTE must be a whole number from 1 to 999999999",
      })
      .transform(Number),
    ...described("LENSAI_API_REQUESTS_PER_MINUTE"),
  },
  LENSAI_RETENTION_DAYS: {
    schema: optionalDays("LENSAI_RETENTION_DAYS", RECORD_DAYS_MIN),
    ...described("LENSAI_RETENTION_DAYS"),
  },
  LENSAI_CONTENT_RETENTION_DAYS: {
    schema: optionalDays("LENSAI_CONTENT_RETENTION_DAYS", CONTENT_DAYS_MIN),
    ...described("LENSAI_CONTENT_RETENTION_DAYS"),
  },
  LENSAI_CONTENT_BYTES_MAX: {
    schema: optionalText
      .refine((value) => value === undefined || isContentBytes(value), {
        message: `LENSAI_CONTENT_BYTES_MAX must be a whole number of bytes from ${CONTENT_BYTES_MIN} to ${CONTENT_BYTES_LIMIT}, or empty`,
      })
      .transform((value) => (value === undefined ? undefined : Number(value))),
    ...described("LENSAI_CONTENT_BYTES_MAX"),
  },
  LENSAI_ALLOWED_HOSTS: {
    schema: optionalText
      .transform((value) => (value ?? "").split(",").map((name) => name.trim().toLowerCase()))
      .transform((names) => names.filter((name) => name !== ""))
      .refine((names) => names.every((name) => /^[\w.-]+$/.test(name)), {
        message: "LENSAI_ALLOWED_HOSTS must be host names without ports, separated by commas",
      }),
    ...described("LENSAI_ALLOWED_HOSTS"),
  },
  LENSAI_OWNER_EMAIL: {
    schema: optionalText
      .transform((value) => value?.toLowerCase())
      .pipe(z.email("LENSAI_OWNER_EMAIL must be one e-mail address").optional()),
    ...described("LENSAI_OWNER_EMAIL"),
  },
  LENSAI_SMTP_URL: {
    schema: optionalText.refine(
      (value) => value === undefined || (/^smtps?:\/\/./.test(value) && URL.canParse(value)),
      { message: "LENSAI_SMTP_URL must be an smtp:// or smtps:// URL" },
    ),
    ...described("LENSAI_SMTP_URL"),
  },
  LENSAI_MAIL_FROM: {
    schema: optionalText.refine(
      (value) => value === undefined || /^[^\r\n]*@[^\r\n]*$/.test(value),
      {
        message: "LENSAI_MAIL_FROM must be an address, as in LensAI <lensai@example.com>",
      },
    ),
    ...described("LENSAI_MAIL_FROM"),
  },
  LENSAI_AUTH_SECRET: {
    schema: optionalText.refine((value) => value === undefined || value.length >= 32, {
      message: "LENSAI_AUTH_SECRET must have at least 32 characters",
    }),
    ...described("LENSAI_AUTH_SECRET"),
  },
  PORT: {
    schema: optionalText,
    description: "port the server listens on; 3000 when empty",
  },
  LENSAI_SECRETS_KEY: {
    schema: optionalText.refine((value) => value === undefined || isSecretsKey(value), {
      message: "LENSAI_SECRETS_KEY must be the base64 of 32 bytes: openssl rand -base64 32",
    }),
    ...described("LENSAI_SECRETS_KEY"),
  },
  LENSAI_SLACK_API_URL: {
    schema: withDefault("LENSAI_SLACK_API_URL").refine((value) => /^https?:\/\/.*\/$/.test(value), {
      message: "LENSAI_SLACK_API_URL must be an http:// or https:// URL that ends in /",
    }),
    ...described("LENSAI_SLACK_API_URL"),
  },
  LENSAI_STRIPE_API_URL: {
    schema: withDefault("LENSAI_STRIPE_API_URL").refine(
      (value) => /^https?:$/.test(URL.parse(value)?.protocol ?? ""),
      { message: "LENSAI_STRIPE_API_URL must be an http:// or https:// URL" },
    ),
    ...described("LENSAI_STRIPE_API_URL"),
  },
  LENSAI_WEBHOOK_ALLOW_PRIVATE: {
    schema: optionalText
      .refine((value) => value === undefined || value === "true" || value === "false", {
        message: "LENSAI_WEBHOOK_ALLOW_PRIVATE must be true or false",
      })
      .transform((value) => (value === undefined ? undefined : value === "true")),
    ...described("LENSAI_WEBHOOK_ALLOW_PRIVATE"),
  },
  HOST: {
    schema: optionalText,
    description: "address the server listens on; on a loopback address the Host header is checked",
  },
  ORIGIN: {
    schema: optionalText,
    description: "the URL under which people reach the console, when a proxy is in front of it",
  },
});
