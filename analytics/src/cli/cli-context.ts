import { join, resolve } from "node:path";
import { LensError } from "@lensai/otel-config/errors";
import { settingSpec, unknownSettingProblems } from "@lensai/otel-config/settings";
import { PRICE_FILE_NAME } from "../prices/price-file.ts";

/** What a command may use of the world. */
export interface CliContext {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDir: string;
  /** Who runs the command, for what it records. */
  readonly userName: string;
  readonly now: () => Date;
  /** To the standard output. */
  readonly write: (text: string) => void;
  /** The process ends with 1: what was asked about is not as it should be, though nothing went wrong. */
  readonly fail: () => void;
}

/** One subcommand; `path` are the words that call it. */
export interface Command {
  readonly path: readonly string[];
  /** What stands behind the words, as in "<provider> <model> [--at <time>]". */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  run(argv: readonly string[], context: CliContext): Promise<void>;
}

/** The settings that commands read, with the defaults of the list of settings. */
export interface CliSettings {
  readonly dataDir: string;
  readonly pricesFile: string;
  /** A file: or s3: URL or a folder. */
  readonly lakeUrl: string;
  readonly region: string;
  readonly s3: Readonly<
    Record<"endpoint" | "accessKeyId" | "secretAccessKey" | "sessionToken", string | undefined>
  >;
  readonly awsRegion: string;
}

/** Throws `config.invalid` for settings that do not exist. */
export function readSettings({ environment, workingDir }: CliContext): CliSettings {
  const problems = unknownSettingProblems(environment);
  if (problems.length > 0) throw new LensError("config.invalid", problems.join("; "));
  const valueOf = (name: string): string | undefined => {
    const value = environment[name];
    return value === undefined || value === "" ? settingSpec(name).default : value;
  };
  const dataDir = resolve(workingDir, valueOf("LENSAI_DATA_DIR") ?? "");
  return {
    dataDir,
    pricesFile: resolve(
      workingDir,
      valueOf("LENSAI_PRICES_FILE") ?? join(dataDir, PRICE_FILE_NAME),
    ),
    lakeUrl: valueOf("LENSAI_LAKE_URL") ?? join(dataDir, "lake"),
    region: valueOf("LENSAI_REGION") ?? "",
    s3: {
      endpoint: valueOf("LENSAI_S3_ENDPOINT"),
      accessKeyId: valueOf("AWS_ACCESS_KEY_ID"),
      secretAccessKey: valueOf("AWS_SECRET_ACCESS_KEY"),
      sessionToken: valueOf("AWS_SESSION_TOKEN"),
    },
    awsRegion: valueOf("AWS_REGION") ?? "",
  };
}
