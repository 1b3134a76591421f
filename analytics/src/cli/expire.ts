import { expireFiles, outcomeOf } from "../retention/expire-files.ts";
import {
  CONTENT_BYTES_LIMIT,
  CONTENT_BYTES_MIN,
  CONTENT_DAYS_MIN,
  RECORD_DAYS_MIN,
  RETENTION_DAYS_MAX,
  expiredFiles,
  isContentBytes,
  isDays,
  retentionProblem,
} from "../retention/retention-policy.ts";
import type { RetentionPolicy } from "../retention/retention-policy.ts";
import { parseArguments, requireWords, usageError } from "./arguments.ts";
import type { CliContext, Command } from "./cli-context.ts";
import { withLake } from "./cli-lake.ts";

/** For lakes without a console, and to see beforehand what one would delete. */
export const expire: Command = {
  path: ["expire"],
  usage: "[--dry-run]",
  summary:
    "delete what LENSAI_RETENTION_DAYS, LENSAI_CONTENT_RETENTION_DAYS and LENSAI_CONTENT_BYTES_MAX keep no longer",
  run: async (argv, context) => {
    const { values, positionals } = parseArguments(argv, { "dry-run": { type: "boolean" } });
    requireWords(positionals, []);
    const policy = readPolicy(context);
    const isDryRun = values["dry-run"] === true;
    await withLake(context, async ({ lake, freshIndex }) => {
      const { now } = context;
      const { files, records, sizeBytes } = isDryRun
        ? outcomeOf(expiredFiles((await freshIndex()).allFiles(), policy, now().getTime()))
        : await expireFiles({ lake, freshIndex, policy, now });
      const what = `${files} files with ${records} records, ${sizeBytes} bytes`;
      const next = "a console deletes them in some minutes, or the next `lensai compact` after one";
      context.write(isDryRun ? `would go: ${what}\n` : `gone: ${what}; ${next}\n`);
    });
  },
};

function readPolicy({ environment }: CliContext): RetentionPolicy {
  const policy = {
    recordDays: daysOf(environment, "LENSAI_RETENTION_DAYS", RECORD_DAYS_MIN),
    contentDays: daysOf(environment, "LENSAI_CONTENT_RETENTION_DAYS", CONTENT_DAYS_MIN),
    contentBytesMax: contentBytesOf(environment, "LENSAI_CONTENT_BYTES_MAX"),
  };
  if (Object.values(policy).every((value) => value === undefined)) {
    throw usageError(
      "nothing says how long to keep it: set LENSAI_RETENTION_DAYS, or for captured content alone LENSAI_CONTENT_RETENTION_DAYS or LENSAI_CONTENT_BYTES_MAX",
    );
  }
  const problem = retentionProblem(policy);
  if (problem !== undefined) throw usageError(problem);
  return policy;
}

function contentBytesOf(environment: CliContext["environment"], name: string): number | undefined {
  const value = environment[name];
  if (value === undefined || value === "") return undefined;
  if (isContentBytes(value)) return Number(value);
  throw usageError(
    `${name} must be a whole number of bytes from ${CONTENT_BYTES_MIN} to ${CONTENT_BYTES_LIMIT}`,
  );
}

function daysOf(
  environment: CliContext["environment"],
  name: string,
  min: number,
): number | undefined {
  const value = environment[name];
  if (value === undefined || value === "") return undefined;
  if (isDays(value, min)) return Number(value);
  throw usageError(`${name} must be a whole number of days from ${min} to ${RETENTION_DAYS_MAX}`);
}
