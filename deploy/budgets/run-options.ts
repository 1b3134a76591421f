import { parseArgs } from "node:util";
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

/**
 *   --processes N   of the operating system (default 64)
 *   --callers N     at once in each (default 16)
 *   --dollars N     the budget (default 48)
 *   --time-scale X  of the calls' durations: 0.4 is two and a half times as fast as a real model (default 0.4)
 *   --pause-ms N    of a caller between two calls (default 32000: all callers of the fleet together make 29 calls per
 *                   second then, which is what two cores carry)
 *   --seed TEXT     of the calls and of what goes wrong
 *   --only NAME     a run; may be given several times
 *   --check NAME    that makes the command fail when it is missed: over, unspent, free, ledger (default: each of them),
 *                   of all runs, or of one (lensai-chaos:over); may be given several times
 */
export function readOptions(argv: readonly string[]): Omit<BenchOptions, "compileCache"> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      processes: { type: "string", default: "64" },
      callers: { type: "string", default: "16" },
      dollars: { type: "string", default: "48" },
      "time-scale": { type: "string", default: "0.4" },
      "pause-ms": { type: "string", default: "32000" },
      seed: { type: "string", default: "1" },
      only: { type: "string", multiple: true, default: [] },
      check: { type: "string", multiple: true, default: [...CHECK_NAMES] },
    },
  });
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
