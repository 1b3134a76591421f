import { parseArgs } from "node:util";
import { LensError } from "@lensai/otel-config/errors";
import { PROJECTS } from "./projects.ts";

export interface SeedOptions {
  readonly seed: string;
  readonly days: number;
  readonly spansPerDay: number;
  readonly projects: number;
}

/** Ten times this, and a laptop is busy for an hour. */
const SPANS_PER_DAY_MAX = 1_000_000;
/** Older spans than this would be filed under the day of their arrival. */
const DAYS_MAX = 365;

export const SEED_USAGE = `usage: npx pnpm@12 seed [options]

  --seed <text>            another text, other traffic (default: lensai)
  --days <n>               days of traffic, ending now: 1 to ${DAYS_MAX} (default: 30)
  --spans-per-day <n>      on an ordinary day, over all projects: 1 to ${SPANS_PER_DAY_MAX} (default: 2000)
  --projects <n>           1 to ${PROJECTS.length} (default: ${PROJECTS.length})

Sends to the LensAI that runs on this machine: it reads LENSAI_DATA_DIR and the ports as the start command does.
`;

/** Parses the command line; "help" when it was asked for. Throws LensError `config.invalid` with every problem. */
export function parseSeedOptions(argv: readonly string[]): SeedOptions | "help" {
  const values = parsedArguments(argv);
  if (values.help === true) return "help";
  const problems: string[] = [];
  const integer = (name: "days" | "spans-per-day" | "projects", max: number): number => {
    const value = Number(values[name]);
    if (!Number.isInteger(value) || value < 1 || value > max) {
      problems.push(`--${name}: "${values[name]}" is not a whole number from 1 to ${max}`);
    }
    return value;
  };
  const options = {
    seed: values.seed,
    days: integer("days", DAYS_MAX),
    spansPerDay: integer("spans-per-day", SPANS_PER_DAY_MAX),
    projects: integer("projects", PROJECTS.length),
  };
  if (problems.length > 0) throw new LensError("config.invalid", problems.join("; "));
  return options;
}

function parsedArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        seed: { type: "string", default: "lensai" },
        days: { type: "string", default: "30" },
        "spans-per-day": { type: "string", default: "2000" },
        projects: { type: "string", default: String(PROJECTS.length) },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (error) {
    throw new LensError("config.invalid", `${(error as Error).message}; see --help`, {
      cause: error,
    });
  }
}
