import { parseConfig, type CollectorConfig } from "@lensai/collector/config";
import { LensError } from "@lensai/otel-config/errors";
import { settingSpec } from "@lensai/otel-config/settings";

type Environment = Readonly<Record<string, string | undefined>>;

/** What one installation is started with. */
export interface LauncherConfig {
  /** The collector's settings hold what all processes share: data folder, lake, addresses, keys. */
  readonly collector: CollectorConfig;
  readonly consolePort: number;
  /** Undefined: start the embedded PostgreSQL. */
  readonly databaseUrl: string | undefined;
}

/**
 * Parses the settings of all processes. Problems are complete sentences, one per wrong or unknown setting; there is
 * no config when the collector's own settings cannot be read.
 */
export function parseLauncherConfig(
  environment: Environment,
  workingDir: string,
): { readonly config: LauncherConfig | undefined; readonly problems: readonly string[] } {
  const consolePort = valueOf(environment, "LENSAI_CONSOLE_PORT") ?? "";
  const databaseUrl = valueOf(environment, "DATABASE_URL");
  const problems = [...consolePortProblems(consolePort), ...databaseProblems(databaseUrl)];
  const collector = collectorConfig(environment, workingDir);
  if (Array.isArray(collector)) return { config: undefined, problems: [...collector, ...problems] };
  const config = { collector, consolePort: Number(consolePort), databaseUrl };
  return { config, problems: [...problems, ...sharedPortProblems(config)] };
}

function collectorConfig(environment: Environment, workingDir: string): CollectorConfig | string[] {
  // The launcher makes a token when there is none, so its absence is no contradiction.
  const withToken = {
    ...environment,
    LENSAI_CONTROL_TOKEN: environment["LENSAI_CONTROL_TOKEN"] || undefined,
    ...(environment["LENSAI_CONTROL_TOKEN"] ? {} : { LENSAI_CONTROL_URL: undefined }),
  };
  try {
    return parseConfig(withToken, workingDir);
  } catch (error) {
    const problems = error instanceof LensError ? error.details["problems"] : undefined;
    if (Array.isArray(problems)) return problems.map(String);
    throw error;
  }
}

/** An empty value counts as absent, as in environment files. */
function valueOf(environment: Environment, name: string): string | undefined {
  const value = environment[name];
  return value === undefined || value === "" ? settingSpec(name).default : value;
}

const PORT_MAX = 65_535;

function consolePortProblems(value: string): string[] {
  if (/^\d{1,5}$/.test(value) && Number(value) <= PORT_MAX) return [];
  return [
    `LENSAI_CONSOLE_PORT: "${value.slice(0, 80)}" is not a whole number from 0 to ${PORT_MAX}`,
  ];
}

function databaseProblems(value: string | undefined): string[] {
  if (value === undefined || /^postgres(ql)?:\/\/./.test(value)) return [];
  // The value may hold a password: it is not repeated.
  return ["DATABASE_URL: the value does not start with postgres://"];
}

function sharedPortProblems({ collector, consolePort }: LauncherConfig): string[] {
  if (consolePort === 0) return [];
  const other =
    (consolePort === collector.httpPort && "LENSAI_OTLP_HTTP_PORT") ||
    (consolePort === collector.grpcPort && "LENSAI_OTLP_GRPC_PORT");
  return other
    ? [`LENSAI_CONSOLE_PORT: ${consolePort} is also ${other}; give each its own port`]
    : [];
}

/** One error for all problems, one per line. */
export function configError(problems: readonly string[]): LensError {
  return new LensError(
    "config.invalid",
    `nothing was started:${problems.map((problem) => `\n  - ${problem}`).join("")}`,
  );
}
