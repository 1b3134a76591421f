import { LensError } from "@lensai/otel-config/errors";
import type { CliContext, Command } from "./cli-context.ts";
import { COMMANDS } from "./commands.ts";
import { textTable } from "./text-table.ts";

const PROGRAM = "lensai";

/**
 * Runs the command that the words call. What goes wrong for a reason of the user's (settings, arguments, a
 * lake that is not there) is a LensError; its message names the usage of the command when that helps.
 */
export async function runCli(argv: readonly string[], context: CliContext): Promise<void> {
  const command = COMMANDS.find(({ path }) => path.every((word, index) => argv[index] === word));
  const rest = argv.slice(command?.path.length ?? 0);
  const wantsHelp = argv.length === 0 || argv.some((word) => word === "--help" || word === "-h");
  if (wantsHelp) {
    context.write(command === undefined ? overview() : usageOf(command));
    return;
  }
  if (command === undefined) {
    const called = argv.filter((word) => !word.startsWith("-")).slice(0, 2);
    throw new LensError(
      "config.invalid",
      `"${called.join(" ")}" is no command; ${PROGRAM} --help lists them`,
    );
  }
  await command.run(rest, context);
}

function overview(): string {
  const rows = COMMANDS.map(({ path, summary }) => [`${PROGRAM} ${path.join(" ")}`, summary]);
  return `${textTable(["command", "what it does"], rows)}\n${PROGRAM} <command> --help tells more.\n`;
}

function usageOf({ path, usage, summary }: Command): string {
  return `${summary}\n\n${PROGRAM} ${path.join(" ")} ${usage}\n`;
}
