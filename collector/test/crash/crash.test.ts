import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { FAKE_CREDENTIALS, startS3Fake } from "../../../analytics/test/s3-fake.ts";
import { countSpanIds } from "../landing/lake-rows.ts";
import { testFolder } from "../landing/test-folder.ts";
import { collectorTarget } from "./collector-target.ts";
import { crashRun } from "./crash-run.ts";
import type { CrashOptions, CrashResult, CrashTarget } from "./crash-run.ts";
import { expectExactlyOnce } from "./expect-exactly-once.ts";
import { landingTarget } from "./landing-target.ts";
import { readLake } from "./read-lake.ts";
import { s3CollectorTarget } from "./s3-collector-target.ts";
import { S3Faults } from "./s3-faults.ts";

type Annotate = (message: string) => Promise<unknown>;

/** LENSAI_CRASH_SEED repeats a run; each run prints its own. */
const seed = Number(process.env["LENSAI_CRASH_SEED"] ?? Date.now() % 1_000_000);

const options: CrashOptions = { seed, kills: 50, lifeMsMax: 600, clients: 8 };
/** Longer lives, so that some land something in spite of the faults. */
const faultyOptions: CrashOptions = { seed, kills: 25, lifeMsMax: 2500, clients: 4 };

/** Kills at random moments under load; says with which figures. */
async function kill(
  target: CrashTarget,
  runOptions: CrashOptions,
  annotate: Annotate,
): Promise<CrashResult> {
  const result = await crashRun(target, runOptions);
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
  const url = pathToFileURL(join(folder, "lake")).href;
  const target = collectorTarget(folder, { LENSAI_LAKE_URL: url });
  const result = await kill(target, options, annotate);
  const { spans, content } = await readLake({ url, cacheFolder: join(folder, "cache") });
  expectExactlyOnce(result, spans);
  expectExactlyOnce(result, content);
});

test(`the same after 25 kills with a bucket that refuses, stalls, cuts off and answers late (seed ${seed})`, async ({
  annotate,
}) => {
  const folder = await testFolder();
  const faults = new S3Faults(seed);
  const fake = await startS3Fake({ nextFault: (method) => faults.next(method) });
  onTestFinished(() => fake.close());
  const result = await kill(s3CollectorTarget(folder, fake, faults), faultyOptions, annotate);
  const { spans, content } = await readLake({
    url: `s3://${fake.bucket}/lake`,
    settings: { ...FAKE_CREDENTIALS, endpoint: fake.endpoint },
    cacheFolder: join(folder, "cache"),
  });
  const figures = [...faults.counts].map(([name, count]) => `${name} ${count}`).sort();
  await annotate(
    `${fake.requests.length} requests to the bucket, 412 to ${fake.statusCounts.get(412)}; faults: ${figures.join(", ")}`,
  );
  expectExactlyOnce(result, spans);
  expectExactlyOnce(result, content);
  expect(faults.missing).toEqual([]);
  expect(fake.statusCounts.get(412)).toBeGreaterThan(0);
});

test(`the same after 25 kills with a store that half-writes (seed ${seed})`, async ({
  annotate,
}) => {
  const folder = await testFolder();
  const result = await kill(landingTarget(folder, seed), { ...options, kills: 25 }, annotate);
  expectExactlyOnce(result, await countSpanIds(join(folder, "lake")));
});
