import path from "node:path";
import { pathToFileURL } from "node:url";
import { PRICE_FILE_NAME } from "@lensai/analytics/prices/price-file";
import { settingSpec, unknownSettingProblems } from "@lensai/otel-config/settings";
import { PUBLIC_KEY_ID_PATTERN } from "@lensai/otel-config/signing/ed25519";
import { z } from "zod";
import { configInvalid } from "./config-invalid.ts";
import { BODY_BYTES_CEILING } from "./receiver/limits.ts";

/** What the environment says, parsed; defaults and descriptions come from the list of settings. */

type Environment = Readonly<Record<string, string | undefined>>;

const described = <T extends z.ZodType>(name: string, schema: T): T =>
  schema.describe(settingSpec(name).description);

/** An integer within bounds; the default is the one of the list. */
const integer = (name: string, min: number, max: number): z.ZodType<number, string | undefined> =>
  described(
    name,
    z
      .string()
      .default(settingSpec(name).default ?? "")
      .refine((text) => /^\d{1,15}$/.test(text) && Number(text) >= min && Number(text) <= max, {
        error: ({ input }) => `${quoted(input)} is not a whole number from ${min} to ${max}`,
      })
      .transform(Number),
  );

const text = (name: string): z.ZodType<string | undefined, string | undefined> =>
  described(name, z.string().optional());

const matching = (
  name: string,
  pattern: RegExp,
  expected: string,
): z.ZodType<string, string | undefined> =>
  described(
    name,
    z
      .string()
      .default(settingSpec(name).default ?? "")
      .refine((value) => pattern.test(value), {
        error: ({ input }) => `${quoted(input)} is not ${expected}`,
      }),
  );

const url = (
  name: string,
  protocols: readonly string[],
): z.ZodType<string | undefined, string | undefined> =>
  described(
    name,
    z
      .string()
      .refine((value) => URL.canParse(value) && protocols.includes(new URL(value).protocol), {
        error: ({ input }) =>
          `${quoted(input)} is not a URL that starts with ${protocols.join(" or ")}`,
      })
      .optional(),
  );

/** The shape of "https://app.example.com": no path, no trailing slash, as browsers send it. */
const ORIGIN = /^https?:\/\/[^/\s]+$/;

const list = (
  name: string,
  pattern: RegExp,
  expected: string,
): z.ZodType<string[], string | undefined> =>
  described(
    name,
    z
      .string()
      .default("")
      .transform((value) =>
        value
          .split(",")
          .map((item) => item.trim())
          .filter(Boolean),
      )
      .refine((items) => items.every((item) => pattern.test(item)), {
        error: `is not a comma-separated list of ${expected}`,
      }),
  );

/** The value in a message: bounded. Never used for secrets. */
const quoted = (value: unknown): string => `"${String(value).slice(0, 80)}"`;

const PORT_MAX = 65_535;
const DAY_MS = 86_400_000;
const GIB = 1024 ** 3;

const SCHEMA = z.object({
  LENSAI_DATA_DIR: matching("LENSAI_DATA_DIR", /./, "a folder"),
  LENSAI_LAKE_URL: url("LENSAI_LAKE_URL", ["file:", "s3:"]),
  LENSAI_REGION: matching(
    "LENSAI_REGION",
    /^[a-z0-9][a-z0-9-]{0,62}$/,
    "lower-case letters, digits and dashes",
  ),
  LENSAI_S3_ENDPOINT: url("LENSAI_S3_ENDPOINT", ["http:", "https:"]),
  AWS_ACCESS_KEY_ID: text("AWS_ACCESS_KEY_ID"),
  AWS_SECRET_ACCESS_KEY: text("AWS_SECRET_ACCESS_KEY"),
  AWS_SESSION_TOKEN: text("AWS_SESSION_TOKEN"),
  AWS_REGION: matching("AWS_REGION", /^[\w-]{1,64}$/, "an AWS region"),
  LENSAI_BIND_ADDRESS: matching("LENSAI_BIND_ADDRESS", /^[\da-f.:]+$/i, "an IP address"),
  LENSAI_OTLP_HTTP_PORT: integer("LENSAI_OTLP_HTTP_PORT", 0, PORT_MAX),
  LENSAI_OTLP_GRPC_PORT: integer("LENSAI_OTLP_GRPC_PORT", 0, PORT_MAX),
  LENSAI_ALLOWED_HOSTS: list("LENSAI_ALLOWED_HOSTS", /^[\w.-]+$/, "host names without ports"),
  LENSAI_CORS_ORIGINS: list(
    "LENSAI_CORS_ORIGINS",
    ORIGIN,
    "origins such as https://app.example.com",
  ),
  LENSAI_BOOTSTRAP_KEY: described(
    "LENSAI_BOOTSTRAP_KEY",
    z
      .string()
      .min(16, "is shorter than 16 characters")
      .max(512, "is longer than 512 characters")
      .optional(),
  ),
  LENSAI_CONTROL_URL: url("LENSAI_CONTROL_URL", ["http:", "https:"]),
  LENSAI_CONTROL_TOKEN: text("LENSAI_CONTROL_TOKEN"),
  LENSAI_CONTROL_PUBLIC_KEY: described(
    "LENSAI_CONTROL_PUBLIC_KEY",
    z
      .string()
      .regex(PUBLIC_KEY_ID_PATTERN, {
        error: ({ input }) =>
          `${quoted(input)} is not a public key as ed25519:<43 characters of base64url>`,
      })
      .optional(),
  ),
  LENSAI_CONTROL_INTERVAL_MS: integer("LENSAI_CONTROL_INTERVAL_MS", 100, DAY_MS),
  LENSAI_CONTENT: described(
    "LENSAI_CONTENT",
    z
      .enum(["redacted", "off"], {
        error: ({ input }) => `${quoted(input)} is not redacted or off`,
      })
      .default("redacted"),
  ),
  LENSAI_PRICES_FILE: text("LENSAI_PRICES_FILE"),
  LENSAI_BODY_LIMIT_BYTES: integer("LENSAI_BODY_LIMIT_BYTES", 1024, BODY_BYTES_CEILING),
  LENSAI_BODY_TIMEOUT_MS: integer("LENSAI_BODY_TIMEOUT_MS", 100, 600_000),
  LENSAI_IN_FLIGHT_BYTES_MAX: integer("LENSAI_IN_FLIGHT_BYTES_MAX", 1024, 64 * GIB),
  LENSAI_RATE_LIMIT_SPANS: integer("LENSAI_RATE_LIMIT_SPANS", 0, 1e9),
  LENSAI_RATE_LIMIT_REQUESTS: integer("LENSAI_RATE_LIMIT_REQUESTS", 0, 1e9),
  LENSAI_LANDING_INTERVAL_MS: integer("LENSAI_LANDING_INTERVAL_MS", 50, DAY_MS),
  LENSAI_WAL_SEGMENT_BYTES: integer("LENSAI_WAL_SEGMENT_BYTES", 1024 ** 2, GIB),
  LENSAI_WAL_BYTES_MAX: integer("LENSAI_WAL_BYTES_MAX", 1024 ** 2, 1024 * GIB),
});

export interface CollectorConfig {
  /** Absolute. */
  readonly dataDir: string;
  /** file: or s3: URL. */
  readonly lakeUrl: string;
  readonly region: string;
  readonly s3: {
    readonly endpoint: string | undefined;
    readonly region: string;
    readonly accessKeyId: string | undefined;
    readonly secretAccessKey: string | undefined;
    readonly sessionToken: string | undefined;
  };
  readonly bindAddress: string;
  /** Taken from the address: without a key one may send only to a collector that only this machine reaches. */
  readonly keylessIsAllowed: boolean;
  readonly httpPort: number;
  readonly grpcPort: number;
  readonly allowedHosts: readonly string[];
  readonly corsOrigins: readonly string[];
  readonly bootstrapKey: string | undefined;
  readonly control: {
    readonly url: string | undefined;
    readonly token: string | undefined;
    readonly intervalMs: number;
    /** The only key whose snapshots count; undefined: that of the first one. */
    readonly publicKey?: string | undefined;
  };
  readonly content: "redacted" | "off";
  /** Price overrides; absolute. */
  readonly pricesFile: string;
  readonly bodyBytesMax: number;
  readonly bodyTimeoutMs: number;
  readonly inFlightBytesMax: number;
  readonly rateLimits: { readonly recordsPerSecond: number; readonly requestsPerSecond: number };
  readonly landingIntervalMs: number;
  readonly walSegmentBytes: number;
  readonly walBytesMax: number;
}

/**
 * Reads the collector's settings. Empty values count as not set. `workingDir` resolves a relative data
 * folder. Throws LensError `config.invalid` whose message lists every problem, one per line.
 */
export function parseConfig(environment: Environment, workingDir: string): CollectorConfig {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = SCHEMA.safeParse(set);
  const problems = [
    ...unknownSettingProblems(set),
    ...(parsed.error?.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`) ?? []),
    ...contradictions(set),
  ];
  if (problems.length > 0 || parsed.data === undefined) throw configInvalid(problems);
  return toConfig(parsed.data, workingDir);
}

function contradictions(set: Environment): string[] {
  const problems: string[] = [];
  const hasKeyId = set["AWS_ACCESS_KEY_ID"] !== undefined;
  if (hasKeyId !== (set["AWS_SECRET_ACCESS_KEY"] !== undefined)) {
    problems.push("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: set both or neither");
  }
  if (set["LENSAI_CONTROL_URL"] !== undefined && set["LENSAI_CONTROL_TOKEN"] === undefined) {
    problems.push(
      "LENSAI_CONTROL_TOKEN: missing; LENSAI_CONTROL_URL needs the token of that console",
    );
  }
  const httpPort = set["LENSAI_OTLP_HTTP_PORT"];
  if (httpPort !== undefined && httpPort !== "0" && httpPort === set["LENSAI_OTLP_GRPC_PORT"]) {
    problems.push("LENSAI_OTLP_HTTP_PORT and LENSAI_OTLP_GRPC_PORT: must differ");
  }
  return problems;
}

function toConfig(set: z.infer<typeof SCHEMA>, workingDir: string): CollectorConfig {
  const dataDir = path.resolve(workingDir, set.LENSAI_DATA_DIR);
  return {
    dataDir,
    lakeUrl: set.LENSAI_LAKE_URL ?? folderUrl(path.join(dataDir, "lake")),
    region: set.LENSAI_REGION,
    s3: {
      endpoint: set.LENSAI_S3_ENDPOINT,
      region: set.AWS_REGION,
      accessKeyId: set.AWS_ACCESS_KEY_ID,
      secretAccessKey: set.AWS_SECRET_ACCESS_KEY,
      sessionToken: set.AWS_SESSION_TOKEN,
    },
    bindAddress: set.LENSAI_BIND_ADDRESS,
    keylessIsAllowed: isLoopback(set.LENSAI_BIND_ADDRESS),
    httpPort: set.LENSAI_OTLP_HTTP_PORT,
    grpcPort: set.LENSAI_OTLP_GRPC_PORT,
    allowedHosts: set.LENSAI_ALLOWED_HOSTS,
    corsOrigins: set.LENSAI_CORS_ORIGINS,
    bootstrapKey: set.LENSAI_BOOTSTRAP_KEY,
    control: {
      url: set.LENSAI_CONTROL_URL,
      token: set.LENSAI_CONTROL_TOKEN,
      intervalMs: set.LENSAI_CONTROL_INTERVAL_MS,
      publicKey: set.LENSAI_CONTROL_PUBLIC_KEY,
    },
    content: set.LENSAI_CONTENT,
    pricesFile: path.resolve(
      workingDir,
      set.LENSAI_PRICES_FILE ?? path.join(dataDir, PRICE_FILE_NAME),
    ),
    bodyBytesMax: set.LENSAI_BODY_LIMIT_BYTES,
    bodyTimeoutMs: set.LENSAI_BODY_TIMEOUT_MS,
    inFlightBytesMax: Math.max(set.LENSAI_IN_FLIGHT_BYTES_MAX, 2 * set.LENSAI_BODY_LIMIT_BYTES),
    rateLimits: {
      recordsPerSecond: set.LENSAI_RATE_LIMIT_SPANS,
      requestsPerSecond: set.LENSAI_RATE_LIMIT_REQUESTS,
    },
    landingIntervalMs: set.LENSAI_LANDING_INTERVAL_MS,
    walSegmentBytes: set.LENSAI_WAL_SEGMENT_BYTES,
    walBytesMax: set.LENSAI_WAL_BYTES_MAX,
  };
}

const isLoopback = (address: string): boolean => address === "::1" || address.startsWith("127.");

const folderUrl = (folder: string): string => pathToFileURL(folder).href;
