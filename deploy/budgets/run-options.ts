import { parseArgs } from "node:util";
import { HELP, commandHelp } from "@lensai/otel-config/command-help";
import { CHECK_NAMES } from "./checks.ts";

/** What a whole bench is: every run has the same fleet, the same calls and the same budget. */
export interface BenchOptions {
  readonly processes: number;
  readonly callers: number;
  readonly limitNanoUsd: bigint;
  /** Calls take this share of the time that real ones do. */
  readonly timeScale: number;
  /** Of a caller, between two calls: on average. */
  readonly pauseMs: number;
  readonly seed: string;
  /** Names of runs; all when empty. */
  readonly only: readonly string[];
  /** What makes the command fail when it is missed: a check, or one of a run (`run:check`). */
  readonly checks: readonly string[];
  /** A folder in which processes find what others have compiled. */
  readonly compileCache: string;
}

const NANO_PER_DOLLAR = 1_000_000_000n;

const DOES =
  "Hard budgets held by a whole fleet of processes, while much goes wrong, beside how others hold them.";

const OPTIONS = {
  processes: { type: "string", default: "64", value: "N", says: "of the operating system" },
  callers: { type: "string", default: "16", value: "N", says: "at once in each" },
  dollars: { type: "string", default: "48", value: "N", says: "the budget" },
  "time-scale": {
    type: "string",
    default: "0.4",
    value: "X",
    says: "of the calls' durations: 0.4 is two and a half times as fast as a real model",
  },
  "pause-ms": {
    type: "string",
    // All callers of the fleet together make 29 calls per second then, which is what two cores carry.
    default: "32000",
    value: "N",
    says: "of a caller between two calls, on average",
  },
  seed: {
    type: "string",
    default: "1",
    value: "TEXT",
    says: "of the calls and of what goes wrong",
  },
  only: {
    type: "string",
    multiple: true,
    default: [] as string[],
    value: "NAME",
    says: "a run; may be given several times",
  },
  check: {
    type: "string",
    multiple: true,
    default: [...CHECK_NAMES] as string[],
    value: "NAME",
    says: "that makes the command fail when it is missed, of all runs or of one (lensai-chaos:over); several times",
  },
  ...HELP,
} as const;

/** "help" when it was asked for. */
export function readOptions(argv: readonly string[]): Omit<BenchOptions, "compileCache"> | "help" {
  const { values } = parseArgs({ args: [...argv], options: OPTIONS });
  if (values.help) return "help";
  const unknown = values.check.find(
    (check) => !CHECK_NAMES.some((name) => check === name || check.endsWith(`:${name}`)),
  );
  if (unknown !== undefined) throw new Error(`--check ${unknown}: there is no such check`);
  return {
    processes: Number(values.processes),
    callers: Number(values.callers),
    limitNanoUsd: BigInt(values.dollars) * NANO_PER_DOLLAR,
    timeScale: Number(values["time-scale"]),
    pauseMs: Number(values["pause-ms"]),
    seed: values.seed,
    only: values.only,
    checks: values.check,
  };
}

export const budgetsHelp = (): string => commandHelp("bench:budgets", DOES, OPTIONS);
