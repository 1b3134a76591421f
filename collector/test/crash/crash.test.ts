import { join } from "node:path";
import { test } from "vitest";
import { countSpanIds } from "../landing/lake-rows.ts";
import { testFolder } from "../landing/test-folder.ts";
import { crashRun } from "./crash-run.ts";
import { expectExactlyOnce } from "./expect-exactly-once.ts";
import { landingTarget } from "./landing-target.ts";

/** LENSAI_CRASH_SEED repeats a run; each run prints its own. */
const seed = Number(process.env["LENSAI_CRASH_SEED"] ?? Date.now() % 1_000_000);

test(`after 50 kills under load every acknowledged span is in the lake once (seed ${seed})`, async () => {
  const folder = await testFolder();
  const options = { seed, kills: 50, lifeMsMax: 600, clients: 8 };
  const result = await crashRun(landingTarget(folder), options);
  expectExactlyOnce(result, await countSpanIds(join(folder, "lake")));
});

test(`the same with a store that fails, stalls and half-writes (seed ${seed})`, async () => {
  const folder = await testFolder();
  const options = { seed, kills: 50, lifeMsMax: 600, clients: 8 };
  const result = await crashRun(landingTarget(folder, seed), options);
  expectExactlyOnce(result, await countSpanIds(join(folder, "lake")));
});
