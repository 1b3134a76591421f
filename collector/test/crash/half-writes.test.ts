import { join } from "node:path";
import { test } from "vitest";
import { countSpanIds } from "../landing/lake-rows.ts";
import { testFolder } from "../landing/test-folder.ts";
import { annotatedCrashRun, SEED } from "./annotated-crash-run.ts";
import { expectExactlyOnce } from "./expect-exactly-once.ts";
import { landingTarget } from "./landing-target.ts";

test(`after 25 kills with a store that half-writes every span is there once (seed ${SEED})`, async ({
  annotate,
}) => {
  const folder = await testFolder();
  const options = { kills: 25, lifeMsMax: 600, clients: 8 };
  const result = await annotatedCrashRun(landingTarget(folder, SEED), options, annotate);
  expectExactlyOnce(result, await countSpanIds(join(folder, "lake")));
});
