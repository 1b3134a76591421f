import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { openLocalFiles } from "../../src/lake/local-cache.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { describeAppend } from "../lake/append.contract.ts";
import { sampleBatch } from "../lake/sample-rows.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import { openRealStore } from "./real-bucket.ts";

describeAppend("a real S3 server", openRealStore);

test("a reader follows 30 landings on a real S3 server and fetches each file once", async () => {
  const under = await openRealStore();
  const { store, sameObjects } = under;
  const lake = openLake({ store, region: "local" });
  const index = await LakeIndex.open(openLake({ store: sameObjects, region: "local" }));
  const landedAt = new Date();
  const day = Math.floor(landedAt.getTime() / 86_400_000);
  for (let number = 100; number < 130; number += 1) {
    const batch = sampleBatch([{ spanId: String(number), day }]);
    await appendRows(lake, batch, { name: `c1-${number}`, landedAt });
    expect((await index.refresh()).map(({ name }) => name)).toEqual([`c1-${number}`]);
  }
  const temporary = await temporaryFolder();
  await mkdir(join(temporary.path, "cache"));
  const folder = join(temporary.path, "cache");
  const files = await openLocalFiles({ store: sameObjects, folder, maxBytes: 10 << 20 });
  expect(await files.use(index.allFiles(), async (paths) => paths.length)).toBe(30);
  await temporary.remove();
  await under.close();
});
