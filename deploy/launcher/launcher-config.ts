import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LensError } from "@lensai/otel-config/errors";
import { settingSpec, unknownSettingProblems } from "@lensai/otel-config/settings";
import { z } from "zod";

type Environment = Readonly<Record<string, string | undefined>>;

/** What the launcher itself reads; everything else is passed on to the processes that own it. */
export interface LauncherConfig {
  readonly dataDir: string;
  readonly lakeUrl: string;
  readonly bindAddress: string;
  readonly otlpHttpPort: number;
  readonly otlpGrpcPort: number;
  readonly consolePort: number;
  /** Undefined: start the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined;
  readonly bootstrapKey: string | undefined;
  readonly controlToken: string | undefined;
}

const port = z
  .string()
  .regex(/^\d{1,5}$/, "is not a port number; use 0 to 65535")
  .transform(Number)
  .refine((value) => value <= 65_535, "is not a port number; use 0 to 65535");

const schema = z.object({
  LENSAI_DATA_DIR: z.string(),
  LENSAI_LAKE_URL: z
    .string()
    .regex(
      /^(file:\/\/\/|s3:\/\/[^/]+|\/)/,
      "is not a lake; use file:///folder or s3://bucket/prefix",
    )
    .optional(),
  LENSAI_BIND_ADDRESS: z.union([z.ipv4(), z.ipv6()], { error: "is not an IP address" }),
  LENSAI_OTLP_HTTP_PORT: port,
  LENSAI_OTLP_GRPC_PORT: port,
  LENSAI_CONSOLE_PORT: port,
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, "does not start with postgres://")
    .optional(),
  LENSAI_BOOTSTRAP_KEY: z.string().min(16, "has fewer than 16 characters").optional(),
  LENSAI_CONTROL_TOKEN: z.string().min(16, "has fewer than 16 characters").optional(),
});

/** Parses the environment. Problems are complete sentences, one per wrong or unknown setting. */
export function parseLauncherConfig(
  environment: Environment,
  cwd: string,
): { readonly config: LauncherConfig | undefined; readonly problems: readonly string[] } {
  const unknown = unknownSettingProblems(environment);
  const parsed = schema.safeParse(
    Object.fromEntries(Object.keys(schema.shape).map((name) => [name, given(environment, name)])),
  );
  if (!parsed.success) {
    const wrong = parsed.error.issues.map((issue) =>
      problemOf(String(issue.path[0]), environment, issue.message),
    );
    return { config: undefined, problems: [...wrong, ...unknown] };
  }
  const value = parsed.data;
  const ports = samePortProblems(value);
  const dataDir = resolve(cwd, value.LENSAI_DATA_DIR);
  return {
    config: {
      dataDir,
      lakeUrl: value.LENSAI_LAKE_URL ?? pathToFileURL(resolve(dataDir, "lake")).href,
      bindAddress: value.LENSAI_BIND_ADDRESS,
      otlpHttpPort: value.LENSAI_OTLP_HTTP_PORT,
      otlpGrpcPort: value.LENSAI_OTLP_GRPC_PORT,
      consolePort: value.LENSAI_CONSOLE_PORT,
      databaseUrl: value.DATABASE_URL,
      bootstrapKey: value.LENSAI_BOOTSTRAP_KEY,
      controlToken: value.LENSAI_CONTROL_TOKEN,
    },
    problems: [...ports, ...unknown],
  };
}

/** An empty value counts as absent, as in environment files. */
function given(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value === "" ? settingSpec(name).default : value;
}

function problemOf(name: string, environment: Environment, message: string): string {
  return settingSpec(name).secret
    ? `${name}: the value ${message}`
    : `${name}: "${environment[name] ?? ""}" ${message}`;
}

const PORT_NAMES = [
  "LENSAI_OTLP_HTTP_PORT",
  "LENSAI_OTLP_GRPC_PORT",
  "LENSAI_CONSOLE_PORT",
] as const;

function samePortProblems(value: z.infer<typeof schema>): string[] {
  return PORT_NAMES.flatMap((name, index) => {
    const same = PORT_NAMES.slice(0, index).find(
      (other) => value[other] === value[name] && value[name] !== 0,
    );
    return same === undefined
      ? []
      : [`${name}: ${value[name]} is also ${same}; give each its own port`];
  });
}

/** One error for all problems, one per line. */
export function configError(problems: readonly string[]): LensError {
  const count = problems.length === 1 ? "one setting is" : `${problems.length} settings are`;
  return new LensError(
    "config.invalid",
    `${count} wrong, nothing was started:\n${problems.map((problem) => `  - ${problem}`).join("\n")}`,
  );
}
