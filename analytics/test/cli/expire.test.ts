import { join } from "node:path";
import { beforeEach, expect, it } from "vitest";
import { appendRows } from "../../src/lake/append.ts";
import { dayOf } from "../../src/lake/layout.ts";
import { openLake } from "../../src/lake/open-lake.ts";
import { openStore } from "../../src/object-store/open-store.ts";
import { batchOf, spanRow, DAY_MS as ROWS_MS } from "../support/span-rows.ts";
import { NOW, useCli } from "./cli.ts";

const cli = useCli();
const DAY_MS = 86_400_000;

/** A record of each of these days ago. */
beforeEach(async () => {
  const store = await openStore(join(cli.folder, "data", "lake"));
  const lake = openLake({ store, region: "local" });
  for (const daysAgo of [41, 40, 0]) {
    const landedAt = new Date(NOW.getTime() - daysAgo * DAY_MS);
    const batch = batchOf([spanRow(landedAt.getTime() - ROWS_MS)], dayOf(landedAt));
    await appendRows(lake, batch, { name: `c-${daysAgo}`, landedAt });
  }
  await store.close();
});

it("says what would go, lets it go, and the next compaction deletes it", async () => {
  cli.setEnvironment({ LENSAI_RETENTION_DAYS: "40" });
  expect(await cli.run("expire", "--dry-run")).toMatch(
    /^would go: 1 files with 1 records, \d+ bytes\n$/,
  );
  expect(await cli.run("verify", "lake")).toMatch(/^intact: 3 files/);
  expect(await cli.run("expire")).toMatch(/^gone: 1 files with 1 records, \d+ bytes; /);
  expect(await cli.run("expire")).toMatch(/^gone: 0 files with 0 records, 0 bytes; /);
  expect(await cli.run("verify", "lake")).toMatch(/^intact: 2 files/);
  cli.setNow(new Date(NOW.getTime() + 60_000));
  expect(await cli.run("compact")).toContain(", 1 replaced files deleted");
});

it("keeps content within its bytes", async () => {
  cli.setEnvironment({ LENSAI_CONTENT_BYTES_MAX: "134217728" });
  expect(await cli.run("expire", "--dry-run")).toBe("would go: 0 files with 0 records, 0 bytes\n");
});

it.each([
  [
    { LENSAI_CONTENT_BYTES_MAX: "20GB" },
    "LENSAI_CONTENT_BYTES_MAX must be a whole number of bytes from 134217728 to 1000000000000000",
  ],
  [{}, "nothing says how long to keep it: set LENSAI_RETENTION_DAYS"],
  [
    { LENSAI_RETENTION_DAYS: "7" },
    "LENSAI_RETENTION_DAYS must be a whole number of days from 40 to 36500",
  ],
  [
    { LENSAI_RETENTION_DAYS: "40", LENSAI_CONTENT_RETENTION_DAYS: "50" },
    "LENSAI_CONTENT_RETENTION_DAYS (50) must not be more than LENSAI_RETENTION_DAYS (40)",
  ],
])("deletes nothing where settings are %j", async (environment, message) => {
  cli.setEnvironment(environment);
  await expect(cli.run("expire")).rejects.toThrow(message);
  expect(await cli.run("verify", "lake")).toMatch(/^intact: 3 files/);
});
