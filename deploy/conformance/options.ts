import { parseArgs } from "node:util";
import { LensError } from "@lensai/otel-config/errors";

export interface ConformanceOptions {
  /** Capture folders as given; none: the project's own and the recorded ones beside it. */
  readonly folders: readonly string[];
  readonly client: string | undefined;
  readonly scenario: string | undefined;
  readonly json: boolean;
}

export const CONFORMANCE_USAGE = `usage: npx pnpm@12 conformance:clients [folder...] [options]

Replays what published instrumentation sent into a collector and compares the bill with the provider's own log.

  --client <name>     only this client
  --scenario <name>   only this scenario, with every call and every row
  --json              verdicts as JSON

Exit code 1 when a verdict is WRONG.
`;

/** Parses the command line; "help" when it was asked for. Throws LensError \`config.invalid\`. */
export function parseConformanceOptions(argv: readonly string[]): ConformanceOptions | "help" {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        client: { type: "string" },
        scenario: { type: "string" },
        json: { type: "boolean", default: false },
        help: { type: "boolean", short: "h", default: false },
      },
    });
    if (values.help) return "help";
    const { client, scenario, json } = values;
    return { folders: positionals, client, scenario, json };
  } catch (error) {
    throw new LensError("config.invalid", `${(error as Error).message}; see --help`, {
      cause: error,
    });
  }
}
