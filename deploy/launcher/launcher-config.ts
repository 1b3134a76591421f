import { parseConfig, type CollectorConfig } from "@lensai/collector/config";
import { LensError } from "@lensai/otel-config/errors";
import { settingSpec } from "@lensai/otel-config/settings";
import type { DatabaseUrls } from "./postgres.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What one installation is started with. */
export interface LauncherConfig {
  /** The collector's settings hold what all processes share: data folder, lake, addresses, keys. */
  readonly collector: CollectorConfig;
  readonly consolePort: number;
  /** Undefined: start the embedded PostgreSQL. */
  readonly database: DatabaseUrls | undefined;
}

export interface ParsedSettings {
  /** With problems: what the settings would be without the wrong ones, so that the machine can be checked too. */
  readonly config: LauncherConfig;
  /** Complete sentences that begin with the name of the setting. */
  readonly problems: readonly string[];
}

/** Parses the settings of all processes: one problem per wrong or unknown setting. */
export function parseLauncherConfig(environment: Environment, workingDir: string): ParsedSettings {
  const { collector, collectorProblems } = parseCollector(environment, workingDir);
  const consolePort = valueOf(environment, "LENSAI_CONSOLE_PORT") ?? "";
  const databaseUrl = valueOf(environment, "DATABASE_URL");
  const migrateDatabaseUrl = valueOf(environment, "LENSAI_MIGRATE_DATABASE_URL");
  const database = databaseUrl === undefined ? undefined : { databaseUrl, migrateDatabaseUrl };
  const config = { collector, consolePort: Number(consolePort), database };
  const problems = [
    ...collectorProblems,
    ...consolePortProblems(consolePort),
    ...databaseProblems("DATABASE_URL", databaseUrl),
    ...databaseProblems("LENSAI_MIGRATE_DATABASE_URL", migrateDatabaseUrl),
    ...migrationProblems(databaseUrl, migrateDatabaseUrl),
    ...sharedPortProblems(config),
  ];
  return { config, problems };
}

function parseCollector(
  environment: Environment,
  workingDir: string,
): { readonly collector: CollectorConfig; readonly collectorProblems: readonly string[] } {
  const readable: Record<string, string | undefined> = { ...environment };
  // The launcher makes a token when there is none, so its absence contradicts nothing.
  if (!environment["LENSAI_CONTROL_TOKEN"]) delete readable["LENSAI_CONTROL_URL"];
  try {
    return { collector: parseConfig(readable, workingDir), collectorProblems: [] };
  } catch (error) {
    const problems = error instanceof LensError ? error.details["problems"] : undefined;
    if (!Array.isArray(problems)) throw error;
    const collectorProblems = problems.map(String);
    const wrong = collectorProblems.flatMap((problem) => problem.match(SETTING_NAMES) ?? []);
    for (const name of wrong) delete readable[name];
    return { collector: parseConfig(readable, workingDir), collectorProblems };
  }
}

/** A problem may be about two settings, and may name a third one as a suggestion; leaving that out, too, harms nothing. */
const SETTING_NAMES = /\b(LENSAI|AWS)_\w+/g;

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

function databaseProblems(name: string, value: string | undefined): string[] {
  if (value === undefined || /^postgres(ql)?:\/\/./.test(value)) return [];
  // The value may hold a password: it is not repeated.
  return [`${name}: the value does not start with postgres://`];
}

function migrationProblems(
  databaseUrl: string | undefined,
  ownerUrl: string | undefined,
): string[] {
  if (ownerUrl === undefined || databaseUrl !== undefined) return [];
  return [
    "LENSAI_MIGRATE_DATABASE_URL: it is for a PostgreSQL of your own; set DATABASE_URL, too, or leave both out",
  ];
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
