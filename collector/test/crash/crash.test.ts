import { join } from "node:path";
import { test } from "vitest";
import { countSpanIds } from "../landing/lake-rows.ts";
import { testFolder } from "../landing/test-folder.ts";
import { collectorTarget } from "./collector-target.ts";
import { crashRun } from "./crash-run.ts";
import type { CrashResult, CrashTarget } from "./crash-run.ts";
import { expectExactlyOnce } from "./expect-exactly-once.ts";
import { landingTarget } from "./landing-target.ts";

/** LENSAI_CRASH_SEED repeats a run; each run prints its own. */
const seed = Number(process.env["LENSAI_CRASH_SEED"] ?? Date.now() % 1_000_000);

const options = { seed, kills: 50, lifeMsMax: 600, clients: 8 };

/** Kills at random moments under load; says with which figures. */
async function kill(
  target: CrashTarget,
  annotate: (message: string) => Promise<unknown>,
): Promise<CrashResult> {
  const result = await crashRun(target, options);
  const { acknowledged, requests, retries, repeats, earlyKills, killsUnderLoad } = result;
  await annotate(
    `${killsUnderLoad} kills under load, ${earlyKills} before; ${requests} requests, ${retries} retries, ${repeats} repeats, ${acknowledged.size} spans`,
  );
  return result;
}

test(`after 50 kills every span acknowledged by the collector is in the lake once (seed ${seed})`, async ({
  annotate,
}) => {
  const folder = await testFolder();
  const result = await kill(collectorTarget(folder), annotate);
  expectExactlyOnce(result, await countSpanIds(join(folder, "lake")));
});

test(`the same with a store that fails, stalls and half-writes (seed ${seed})`, async ({
  annotate,
}) => {
  const folder = await testFolder();
  const result = await kill(landingTarget(folder, seed), annotate);
  expectExactlyOnce(result, await countSpanIds(join(folder, "lake")));
});
