import { expect, test } from "vitest";
import { openFileStore } from "../../src/object-store/file-store.ts";
import { MemoryStore } from "../../src/object-store/memory-store.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { FAKE_CREDENTIALS, startS3Fake } from "../s3-fake.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { describeAppend } from "./append.contract.ts";

describeAppend("memory", async () => {
  const store = new MemoryStore();
  return { store, sameObjects: store, close: () => store.close() };
});

describeAppend("folder", async () => {
  const folder = await temporaryFolder();
  return {
    store: await openFileStore(folder.path),
    sameObjects: await openFileStore(folder.path),
    close: () => folder.remove(),
  };
});

describeAppend("S3 over HTTP", async () => {
  const fake = await startS3Fake();
  const settings = { ...FAKE_CREDENTIALS, endpoint: fake.endpoint };
  const store = await openStore(`s3://${fake.bucket}/lake`, settings);
  return {
    store,
    sameObjects: await openStore(`s3://${fake.bucket}/lake`, settings),
    close: async () => {
      await store.close();
      await fake.close();
    },
  };
});

test.each(["", "EU", "a/b", "-a", "a".repeat(64)])("a lake has no region %j", (region) => {
  expect(() => openLake({ store: new MemoryStore(), region })).toThrow(/cannot be used/);
});
