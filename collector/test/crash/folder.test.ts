import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { test } from "vitest";
import { testFolder } from "../landing/test-folder.ts";
import { annotatedCrashRun, SEED } from "./annotated-crash-run.ts";
import { collectorTarget } from "./collector-target.ts";
import { expectExactlyOnce } from "./expect-exactly-once.ts";
import { readLake } from "./read-lake.ts";

test(`after 50 kills every span acknowledged by the collector is in the lake once (seed ${SEED})`, async ({
  annotate,
}) => {
  const folder = await testFolder();
  const url = pathToFileURL(join(folder, "lake")).href;
  const target = collectorTarget(folder, { LENSAI_LAKE_URL: url });
  const options = { kills: 50, lifeMsMax: 600, clients: 8 };
  const result = await annotatedCrashRun(target, options, annotate);
  const { spans, content } = await readLake({ url, cacheFolder: join(folder, "cache") });
  expectExactlyOnce(result, spans);
  expectExactlyOnce(result, content);
});
