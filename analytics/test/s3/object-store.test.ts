import { describe, expect, test } from "vitest";
import { openS3Store } from "../../src/object-store/s3-store.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { describeObjectStore } from "../object-store.contract.ts";
import { createBucket, openRealStore } from "./real-bucket.ts";

describeObjectStore("a real S3 server, without retries", {
  manyObjects: 1100,
  open: async () => {
    const { bucket, settings } = await createBucket();
    const store = openS3Store({ ...settings, bucket });
    const sameObjects = openS3Store({ ...settings, bucket });
    return {
      store,
      sameObjects,
      close: async () => {
        await store.close();
        await sameObjects.close();
      },
    };
  },
});

describeObjectStore("a real S3 server, as the lake opens it", {
  manyObjects: 1100,
  open: openRealStore,
});

const body = new TextEncoder().encode("body");

describe("a real S3 server", () => {
  test("has conditional puts", async () => {
    const { url, settings } = await createBucket();
    const unsupported: string[] = [];
    const onUnsupported = ({ description }: { description: string }): void => {
      unsupported.push(description);
    };
    const store = await openStore(url, { ...settings, onUnsupported });
    expect(await store.put("a", body, { ifAbsent: true })).toBe("created");
    expect(await store.put("a", body, { ifAbsent: true })).toBe("exists");
    expect(unsupported).toEqual([]);
    await store.close();
  });

  test("refuses a wrong secret, a wrong key and a bucket that does not exist", async () => {
    const { bucket, settings } = await createBucket();
    for (const wrong of [
      { ...settings, bucket, secretAccessKey: "wrong" },
      { ...settings, bucket, accessKeyId: "stranger" },
      { ...settings, bucket: "lensai-no-such-bucket" },
    ]) {
      const store = openS3Store(wrong);
      const refusal = { code: "lake.store_refused", retryable: false };
      await expect(store.put("a", body)).rejects.toMatchObject(refusal);
      await expect(store.get("a")).rejects.toMatchObject(refusal);
      await store.close();
    }
  });

  test("keeps an object of 32 MB", async () => {
    const { url, settings } = await createBucket();
    const store = await openStore(url, settings);
    const large = Buffer.alloc(32 << 20, "0123456789abcdef!");
    await store.put("large", large, { ifAbsent: true });
    expect(Buffer.compare(await store.get("large"), large)).toBe(0);
    await store.close();
  });
});
