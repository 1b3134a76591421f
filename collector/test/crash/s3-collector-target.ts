import { FAKE_CREDENTIALS } from "../../../analytics/test/s3-fake.ts";
import type { S3Fake } from "../../../analytics/test/s3-fake.ts";
import { collectorTarget, untilLanded } from "./collector-target.ts";
import type { CrashTarget } from "./crash-run.ts";
import type { S3Faults } from "./s3-faults.ts";

/**
 * The collector with its lake in a bucket. In its last life the one put that stalls is waited for until the
 * collector gives it up: a minute, by which all delayed requests of killed lives have been carried out too.
 */
export function s3CollectorTarget(folder: string, fake: S3Fake, faults: S3Faults): CrashTarget {
  let givenUp: Promise<void> | undefined;
  return {
    ...collectorTarget(folder, {
      LENSAI_LAKE_URL: `s3://${fake.bucket}/lake`,
      LENSAI_LANDING_INTERVAL_MS: "100", // a landing is half a dozen requests and their repeats
      LENSAI_S3_ENDPOINT: fake.endpoint,
      AWS_ACCESS_KEY_ID: FAKE_CREDENTIALS.accessKeyId,
      AWS_SECRET_ACCESS_KEY: FAKE_CREDENTIALS.secretAccessKey,
    }),
    beforeLastLife: () => {
      givenUp = faults.end();
    },
    settle: async (port) => {
      await givenUp;
      await untilLanded(port);
    },
  };
}
