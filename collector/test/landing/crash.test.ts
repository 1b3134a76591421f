import { join } from "node:path";
import { test } from "vitest";
import { crashRun } from "../crash/crash-run.ts";
import { expectExactlyOnce } from "../crash/expect-exactly-once.ts";
import { landingTarget } from "../crash/landing-target.ts";
import { countSpanIds } from "./lake-rows.ts";
import { testFolder } from "./test-folder.ts";

/** The short form of test/crash: five kills, with a store that fails, stalls and half-writes. */
test("killed five times under load: every acknowledged span is in the lake once", async () => {
  const folder = await testFolder();
  const options = { seed: 7, kills: 1, lifeMsMax: 1, clients: 4 };
  const result = await crashRun(landingTarget(folder, 7), options);
  expectExactlyOnce(result, await countSpanIds(join(folder, "lake")));
});
