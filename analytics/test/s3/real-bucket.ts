import { randomUUID } from "node:crypto";
import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { openStore } from "../../src/object-store/open-store.ts";
import type { StoreSettings } from "../../src/object-store/open-store.ts";
import type { StoreUnderTest } from "../object-store.contract.ts";

export interface RealBucket {
  /** `s3://<bucket>/lake` */
  readonly url: string;
  readonly bucket: string;
  readonly settings: StoreSettings & {
    readonly endpoint: string;
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
  };
}

/** A new bucket on the server that the environment names. */
export async function createBucket(): Promise<RealBucket> {
  const settings = {
    endpoint: required("LENSAI_TEST_S3_ENDPOINT"),
    accessKeyId: required("LENSAI_TEST_S3_ACCESS_KEY_ID"),
    secretAccessKey: required("LENSAI_TEST_S3_SECRET_ACCESS_KEY"),
  };
  const { endpoint, ...credentials } = settings;
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const bucket = `lensai-test-${randomUUID()}`;
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  client.destroy();
  return { url: `s3://${bucket}/lake`, bucket, settings };
}

/** A lake's place in a new bucket, opened twice. */
export async function openRealStore(): Promise<StoreUnderTest> {
  const { url, settings } = await createBucket();
  const store = await openStore(url, settings);
  const sameObjects = await openStore(url, settings);
  return {
    store,
    sameObjects,
    close: async () => {
      await store.close();
      await sameObjects.close();
    },
  };
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run these tests with test:s3`);
  return value;
}
