import { afterEach, beforeEach } from "vitest";
import type { CliContext } from "../../src/cli/cli-context.ts";
import { runCli } from "../../src/cli/run-cli.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { TemporaryFolder } from "../temporary-folder.ts";

export const NOW = new Date("2026-11-20T08:00:00.000Z");

export interface TestCli {
  /** The data folder's parent, which is the working directory. */
  readonly folder: string;
  /** What the command writes. */
  run(...argv: string[]): Promise<string>;
  /** Whether the last command that ran ended with 1 without an error. */
  readonly hasFailed: boolean;
  /** For the commands that follow, besides the data folder. */
  setEnvironment(environment: CliContext["environment"]): void;
  /** Moves the clock. */
  setNow(now: Date): void;
}

/** The commands in a folder of their own per test: "ann" runs them at NOW. */
export function useCli(): TestCli {
  let folder: TemporaryFolder;
  let now = NOW;
  let hasFailed = false;
  let environment: CliContext["environment"] = {};
  beforeEach(async () => {
    folder = await temporaryFolder();
    environment = {};
    now = NOW;
  });
  afterEach(() => folder.remove());
  return {
    get folder() {
      return folder.path;
    },
    get hasFailed() {
      return hasFailed;
    },
    setEnvironment: (values) => {
      environment = values;
    },
    setNow: (moment) => {
      now = moment;
    },
    run: async (...argv) => {
      let output = "";
      hasFailed = false;
      const context: CliContext = {
        environment: { LENSAI_DATA_DIR: "data", ...environment },
        workingDir: folder.path,
        userName: "ann",
        now: () => now,
        write: (text) => {
          output += text;
        },
        fail: () => {
          hasFailed = true;
        },
      };
      await runCli(argv, context);
      return output;
    },
  };
}
