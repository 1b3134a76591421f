/** An option as `parseArgs` of node:util takes it, which leaves the texts alone. */
export interface HelpedOption {
  readonly type: "string" | "boolean";
  readonly default?: string | boolean | readonly string[];
  /** What stands for its value. */
  readonly value?: string;
  readonly says: string;
}

/** To be spread into the options of a command that is started with `npx pnpm@12 NAME`. */
export const HELP = {
  help: { type: "boolean", default: false, says: "prints this, and ends" },
} as const;

/** What `--help` prints: what the command does, and a line for each option. */
export function commandHelp(
  name: string,
  does: string,
  options: Readonly<Record<string, HelpedOption>>,
): string {
  const told = Object.entries(options);
  const width = Math.max(...told.map(([option, { value }]) => flagOf(option, value).length));
  const lines = told.map(
    ([option, helped]) => `  ${flagOf(option, helped.value).padEnd(width)}  ${saidOf(helped)}`,
  );
  return [`npx pnpm@12 ${name}`, "", does, "", ...lines].join("\n");
}

const flagOf = (option: string, value: string | undefined): string =>
  value === undefined ? `--${option}` : `--${option} ${value}`;

function saidOf({ type, says, default: usual }: HelpedOption): string {
  const isTold = type === "string" && usual !== undefined && String(usual) !== "";
  return isTold ? `${says} (default ${String(usual)})` : says;
}
