import { readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { DAY_MS, batchOf, spanRow } from "../support/span-rows.ts";
import { useCli } from "./cli.ts";

const cli = useCli();

let files: string[];
beforeEach(async () => {
  const folder = join(cli.folder, "data", "lake");
  const store = await openStore(folder);
  const lake = openLake({ store, region: "local" });
  for (let landing = 0; landing < 3; landing += 1) {
    const options = { name: `c-${landing}`, landedAt: new Date(DAY_MS) };
    await appendRows(lake, batchOf([spanRow(landing)]), options);
  }
  await store.close();
  const names = await readdir(folder, { recursive: true });
  files = names.filter((name) => name.endsWith(".parquet")).map((name) => join(folder, name));
});

it("says what is intact, and what that does not prove", async () => {
  const report = await cli.run("verify", "lake");
  expect(report).toMatch(/^intact: 3 files with 3 records, \d+ bytes\n/);
  expect(report).toContain("not proven: that nobody has changed a file together with its commit");
});

it("names a file whose bytes are others, one of another length, and one that is gone", async () => {
  const [changed = "", longer = "", gone = ""] = files;
  const bytes = await readFile(changed);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 1;
  await writeFile(changed, bytes);
  await writeFile(longer, Buffer.concat([await readFile(longer), Buffer.from("x")]));
  await rm(gone);
  const failure = await cli.run("verify", "lake").catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: "lake.file_corrupt" });
  const { message } = failure as Error;
  expect(message).toContain("3 of 3 files are not what was committed");
  expect(message).toMatch(/has other bytes than were committed: its SHA-256 is [0-9a-f]{64}/);
  expect(message).toMatch(/has \d+ bytes, its commit says \d+/);
  expect(message).toContain("is missing");
});

it("passes over what compaction has replaced", async () => {
  await cli.run("compact");
  expect(await cli.run("verify", "lake")).toMatch(/^intact: /);
});
