import { parseArgs } from "node:util";

/** What a whole bench is: every run has the same fleet, the same calls and the same budget. */
export interface BenchOptions {
  readonly processes: number;
  readonly callers: number;
  readonly limitNanoUsd: bigint;
  /** Calls take this share of the time that real ones do. */
  readonly timeScale: number;
  readonly seed: string;
  /** Names of runs; all when empty. */
  readonly only: readonly string[];
}

const NANO_PER_DOLLAR = 1_000_000_000n;

/**
 *   --processes N   of the operating system (default 64)
 *   --callers N     at once in each (default 16)
 *   --dollars N     the budget (default 400)
 *   --time-scale X  of the calls' durations: 0.5 is twice as fast as a real model (default 1)
 *   --seed TEXT     of the calls and of what goes wrong
 *   --only NAME     a run; may be given several times
 */
export function readOptions(argv: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      processes: { type: "string", default: "64" },
      callers: { type: "string", default: "16" },
      dollars: { type: "string", default: "400" },
      "time-scale": { type: "string", default: "1" },
      seed: { type: "string", default: "1" },
      only: { type: "string", multiple: true, default: [] },
    },
  });
  return {
    processes: Number(values.processes),
    callers: Number(values.callers),
    limitNanoUsd: BigInt(values.dollars) * NANO_PER_DOLLAR,
    timeScale: Number(values["time-scale"]),
    seed: values.seed,
    only: values.only,
  };
}
