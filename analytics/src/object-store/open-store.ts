import { fileURLToPath } from "node:url";
import { LensError } from "@lensai/otel-config/errors";
import { openFileStore } from "./file-store.ts";
import type { ObjectStore } from "./object-store.ts";
import type { S3Settings } from "./s3-store.ts";
import { withConditionalPut } from "./with-conditional-put.ts";
import type { ConditionalPutOptions } from "./with-conditional-put.ts";
import { withPrefix } from "./with-prefix.ts";
import { withRetry } from "./with-retry.ts";

export interface StoreSettings extends Omit<S3Settings, "bucket">, ConditionalPutOptions {}

/**
 * Short troubles of a remote store are sat out here (pauses of 1.5 s in all at most); longer ones are the
 * caller's to wait for, who knows what else has to stop meanwhile.
 */
const REMOTE_RETRY = { attempts: 5, basePauseMs: 100, maxPauseMs: 1000 } as const;

const BUCKET_NAME = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/**
 * Opens the store that a lake URL names: `file:` URLs and plain paths are folders, `s3://bucket/prefix` is
 * a place in a bucket (its settings come from `settings`, never from the environment). A bucket is not
 * contacted before the first call. Throws `config.invalid` for a URL of another kind.
 */
export async function openStore(url: string, settings: StoreSettings = {}): Promise<ObjectStore> {
  if (url.startsWith("s3://")) return await openBucket(url, settings);
  if (/^[a-z][a-z0-9+.-]+:/i.test(url) && !url.startsWith("file:") && !/^[a-z]:[\\/]/i.test(url)) {
    throw invalidUrl(url, "use file:///path, a path or s3://bucket/prefix");
  }
  return withConditionalPut(await openFileStore(folderOf(url)), settings);
}

async function openBucket(url: string, settings: StoreSettings): Promise<ObjectStore> {
  const [bucket = "", ...parts] = url.slice("s3://".length).split("/");
  if (!BUCKET_NAME.test(bucket)) {
    throw invalidUrl(url, "a bucket name has 3 to 63 characters: a-z, 0-9, dots and dashes");
  }
  if ((settings.accessKeyId === undefined) !== (settings.secretAccessKey === undefined)) {
    throw new LensError(
      "config.invalid",
      "an S3 access key needs its secret and the other way round: set both or neither",
    );
  }
  const prefix = parts.filter((part) => part !== "").join("/");
  const { openS3Store } = await import("./s3-store.ts"); // 0.15 s and 37 MB that a folder does not need
  const store = withRetry(openS3Store({ ...settings, bucket }), REMOTE_RETRY);
  return withConditionalPut(withPrefix(store, prefix), settings);
}

function folderOf(url: string): string {
  if (!url.startsWith("file:")) return url;
  try {
    if (url.startsWith("file:///")) return fileURLToPath(url);
    throw new TypeError("the path is not absolute");
  } catch (error) {
    throw invalidUrl(
      url,
      "a file URL has three slashes and an absolute path: file:///var/lib/lensai",
      error,
    );
  }
}

function invalidUrl(url: string, advice: string, cause?: unknown): LensError {
  return new LensError(
    "config.invalid",
    `the lake URL ${JSON.stringify(url)} cannot be used: ${advice}`,
    { cause },
  );
}
