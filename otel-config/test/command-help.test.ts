import { parseArgs } from "node:util";
import { describe, expect, test } from "vitest";
import { HELP, commandHelp } from "../src/command-help.ts";

const OPTIONS = {
  rounds: { type: "string", default: "2", value: "N", says: "how often" },
  only: {
    type: "string",
    multiple: true,
    default: [] as string[],
    value: "NAME",
    says: "a part of it",
  },
  "no-stages": { type: "boolean", default: false, says: "leaves a part out" },
  ...HELP,
} as const;

describe("the help of a command", () => {
  test("says what it does, and each option with what it is without being given", () => {
    expect(commandHelp("bench:x", "Measures.", OPTIONS)).toBe(
      [
        "npx pnpm@12 bench:x",
        "",
        "Measures.",
        "",
        "  --rounds N   how often (default 2)",
        "  --only NAME  a part of it",
        "  --no-stages  leaves a part out",
        "  --help       prints this, and ends",
      ].join("\n"),
    );
  });

  test("is told by options that are parsed as they are", () => {
    const { values } = parseArgs({ args: ["--rounds", "3", "--help"], options: OPTIONS });
    expect(values).toEqual({ rounds: "3", only: [], "no-stages": false, help: true });
  });
});
