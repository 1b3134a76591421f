import { parseArgs } from "node:util";
import { LensError } from "@lensai/otel-config/errors";
import { CLIENTS } from "./harness/client-list.ts";
import type { Client } from "./harness/client.ts";

export interface RunOptions {
  readonly clients: readonly Client[];
  /** "package@version", in place of the recorded ones. */
  readonly versions: readonly string[];
  readonly scenario: string | undefined;
  /** Judge the recordings as they are. */
  readonly isRecorded: boolean;
}

export const RUN_USAGE = `usage: npx pnpm@12 clients:run <client>... | all [options]

Installs published instrumentation, lets it call a fake provider, records what it sends and compares that with the
provider's log.

  --version <package>@<version>   another version than the recorded one (can be repeated); nothing is stored
  --scenario <name>               only this scenario
  --recorded                      install and run nothing: judge the recordings again

Clients: ${CLIENTS.map(({ name }) => name).join(", ")}
`;

/** Parses the command line; "help" when it was asked for. Throws LensError \`config.invalid\`. */
export function parseRunOptions(argv: readonly string[]): RunOptions | "help" {
  const { values, positionals } = parsedArguments(argv);
  if (values.help || positionals.length === 0) return "help";
  const unknown = positionals.filter(
    (name) => name !== "all" && !CLIENTS.some((client) => client.name === name),
  );
  if (unknown.length > 0) throw invalid(`no such client: ${unknown.join(", ")}`);
  if (values.recorded && values.version.length > 0) {
    throw invalid("--recorded judges what is stored, --version runs something else: use one");
  }
  const clients = CLIENTS.filter(
    ({ name }) => positionals.includes("all") || positionals.includes(name),
  );
  const { version, scenario, recorded } = values;
  return { clients, versions: version, scenario, isRecorded: recorded };
}

function parsedArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        version: { type: "string", multiple: true, default: [] },
        scenario: { type: "string" },
        recorded: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
  } catch (error) {
    throw invalid((error as Error).message, error);
  }
}

function invalid(message: string, cause?: unknown): LensError {
  return new LensError("config.invalid", `${message}; see --help`, { cause });
}
