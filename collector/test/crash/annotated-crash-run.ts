import { crashRun } from "./crash-run.ts";
import type { CrashOptions, CrashResult, CrashTarget } from "./crash-run.ts";

type Annotate = (message: string) => Promise<unknown>;

/** LENSAI_CRASH_SEED repeats a run; each run prints its own. */
export const SEED: number = Number(process.env["LENSAI_CRASH_SEED"] ?? Date.now() % 1_000_000);

/** Kills at random moments under load; says with which figures. */
export async function annotatedCrashRun(
  target: CrashTarget,
  options: Omit<CrashOptions, "seed">,
  annotate: Annotate,
): Promise<CrashResult> {
  const result = await crashRun(target, { seed: SEED, ...options });
  const { acknowledged, requests, retries, repeats, earlyKills, killsUnderLoad } = result;
  await annotate(
    `${killsUnderLoad} kills under load, ${earlyKills} before; ${requests} requests, ${retries} retries, ${repeats} repeats, ${acknowledged.size} spans`,
  );
  return result;
}
