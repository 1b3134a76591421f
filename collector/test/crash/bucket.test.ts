import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { FAKE_CREDENTIALS, startS3Fake } from "../../../analytics/test/s3-fake.ts";
import { testFolder } from "../landing/test-folder.ts";
import { annotatedCrashRun, SEED } from "./annotated-crash-run.ts";
import { expectExactlyOnce } from "./expect-exactly-once.ts";
import { readLake } from "./read-lake.ts";
import { s3CollectorTarget } from "./s3-collector-target.ts";
import { S3Faults } from "./s3-faults.ts";

/** Longer lives, so that some land something in spite of the faults. */
const OPTIONS = { kills: 25, lifeMsMax: 2500, clients: 4 };

test(`after 25 kills with a bucket that refuses, stalls, cuts off and answers late every span is there once (seed ${SEED})`, async ({
  annotate,
}) => {
  const folder = await testFolder();
  const faults = new S3Faults(SEED);
  const fake = await startS3Fake({ nextFault: (method) => faults.next(method) });
  onTestFinished(() => fake.close());
  const target = s3CollectorTarget(folder, fake, faults);
  const result = await annotatedCrashRun(target, OPTIONS, annotate);
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
