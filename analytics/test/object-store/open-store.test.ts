import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { PROBE_KEY, withConditionalPut } from "../../src/object-store/with-conditional-put.ts";
import { describeObjectStore, keysUnder } from "../object-store.contract.ts";
import { FAKE_CREDENTIALS, startS3Fake } from "../s3-fake.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { TemporaryFolder } from "../temporary-folder.ts";

const body = new TextEncoder().encode("body");

describeObjectStore("s3:// URL", {
  manyObjects: 100,
  open: async () => {
    const fake = await startS3Fake({ pageSize: 40 });
    const url = `s3://${fake.bucket}/some/prefix/`;
    const store = await openStore(url, { ...FAKE_CREDENTIALS, endpoint: fake.endpoint });
    return {
      store,
      sameObjects: await openStore(url, { ...FAKE_CREDENTIALS, endpoint: fake.endpoint }),
      close: async () => {
        await store.close();
        await fake.close();
      },
    };
  },
});

describe("open store", () => {
  let folder: TemporaryFolder;
  beforeEach(async () => {
    folder = await temporaryFolder();
  });
  afterEach(async () => {
    await folder.remove();
  });

  test("takes a path and a file URL for a folder", async () => {
    const path = join(folder.path, "lake #1");
    await (await openStore(path)).put("a", body);
    const store = await openStore(pathToFileURL(path).href);
    expect(await store.get("a")).toEqual(Buffer.from(body));
    expect(store.localPath?.("a")).toBe(join(path, "a"));
  });

  test.each([
    ["http://bucket/lake", "s3://bucket/prefix"],
    ["file:lake", "three slashes"],
    ["file://host/lake", "three slashes"],
    ["s3://", "3 to 63"],
    ["s3://Bad_Bucket/x", "3 to 63"],
  ])("refuses %s and says what to write", async (url, advice) => {
    await expect(openStore(url)).rejects.toMatchObject({
      code: "config.invalid",
      message: expect.stringContaining(advice),
    });
  });

  test("refuses half a pair of credentials", async () => {
    await expect(openStore("s3://some-bucket", { accessKeyId: "id" })).rejects.toMatchObject({
      code: "config.invalid",
    });
  });

  test("does not contact a bucket before the first call", async () => {
    const store = await openStore("s3://some-bucket/lake", {
      ...FAKE_CREDENTIALS,
      endpoint: "http://127.0.0.1:1",
    });
    expect(store.description).toBe("bucket some-bucket at http://127.0.0.1:1 under lake/");
    await store.close();
  });

  test("sits out a short trouble of a bucket", async () => {
    const fake = await startS3Fake();
    const store = await openStore(`s3://${fake.bucket}`, {
      ...FAKE_CREDENTIALS,
      endpoint: fake.endpoint,
    });
    fake.fail("PUT", { kind: "status", status: 503, code: "SlowDown" }, { kind: "reset" });
    expect(await store.put("a", body)).toBe("created");
    await store.close();
    await fake.close();
  });
});

describe("conditional put", () => {
  test.each(["ignored", "unsupported"] as const)(
    "becomes a look and a put on a server where the header is %s, and says so once",
    async (ifNoneMatch) => {
      const fake = await startS3Fake({ ifNoneMatch });
      const said: string[] = [];
      const store = await openStore(`s3://${fake.bucket}`, {
        ...FAKE_CREDENTIALS,
        endpoint: fake.endpoint,
        onUnsupported: ({ description }) => said.push(description),
      });
      expect(await store.put("a", body, { ifAbsent: true })).toBe("created");
      expect(await store.put("a", new Uint8Array(1), { ifAbsent: true })).toBe("exists");
      expect(await store.get("a")).toEqual(Buffer.from(body));
      expect(said).toHaveLength(1);
      await store.close();
      await fake.close();
    },
  );

  test("is probed once, with one request on a lake that was probed before", async () => {
    const fake = await startS3Fake();
    const open = async (): Promise<void> => {
      const store = await openStore(`s3://${fake.bucket}`, {
        ...FAKE_CREDENTIALS,
        endpoint: fake.endpoint,
      });
      await store.put("a", body, { ifAbsent: true });
      await store.put("b", body, { ifAbsent: true });
      await store.close();
    };
    await open();
    const probes = (): number => fake.requests.filter((line) => line.endsWith(PROBE_KEY)).length;
    expect(probes()).toBe(2);
    await open();
    expect(probes()).toBe(3);
    await fake.close();
  });

  test("is probed again after a probe that failed", async () => {
    const fake = await startS3Fake();
    const store = await openStore(`s3://${fake.bucket}`, {
      ...FAKE_CREDENTIALS,
      endpoint: fake.endpoint,
    });
    fake.fail("PUT", { kind: "status", status: 403, code: "AccessDenied" });
    await expect(store.put("a", body, { ifAbsent: true })).rejects.toMatchObject({
      code: "lake.store_refused",
    });
    expect(await store.put("a", body, { ifAbsent: true })).toBe("created");
    await store.close();
    await fake.close();
  });

  test("needs no probe where nobody asks for it", async () => {
    const inner = new MemoryStore();
    await withConditionalPut(inner).put("a", body);
    expect(await keysUnder(inner, "")).toEqual(["a"]);
  });
});
