import { join } from "node:path";
import { expect, it } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { LakeIndex } from "../../src/lake/read-manifest.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { DAY_MS, batchOf, spanRow } from "../support/span-rows.ts";
import { NOW, useCli } from "./cli.ts";

const cli = useCli();

it("merges until nothing is left to merge, and deletes what was replaced a minute later", async () => {
  const store = await openStore(join(cli.folder, "data", "lake"));
  const lake = openLake({ store, region: "local" });
  for (let landing = 0; landing < 9; landing += 1) {
    const options = { name: `c-${landing}`, landedAt: new Date(DAY_MS) };
    await appendRows(lake, batchOf([spanRow(landing)]), options);
  }
  expect(await cli.run("compact")).toBe("9 files merged into 1, 0 replaced files deleted\n");
  const [file, ...others] = (await LakeIndex.open(lake)).allFiles();
  expect(others).toEqual([]);
  expect(file).toMatchObject({ kind: "spans", rows: 9, projects: ["p1"] });
  cli.setNow(new Date(NOW.getTime() + 60_000));
  expect(await cli.run("compact")).toBe("0 files merged into 0, 9 replaced files deleted\n");
  await store.close();
});
