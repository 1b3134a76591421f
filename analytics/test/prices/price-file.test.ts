import { mkdir, readFile, readdir, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PriceEntry } from "@lensai/otel-config/pricing/price-layer";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appendPriceEntries, readPriceFile } from "../../src/prices/price-file.ts";
import { temporaryFolder } from "../temporary-folder.ts";
import type { TemporaryFolder } from "../temporary-folder.ts";

let folder: TemporaryFolder;
let path: string;

const entry = (model: string): PriceEntry => ({
  projectId: undefined,
  provider: "openai",
  model,
  match: "exact",
  serviceTier: "standard",
  change: { kind: "prices", prices: { input_mtok: 1 } },
  validFrom: undefined,
  validUntil: undefined,
  recordedAt: new Date("2026-11-01T00:00:00Z"),
  recordedBy: "ann",
  source: "negotiated",
});

beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, "below", "prices.json");
});
afterEach(async () => {
  await folder.remove();
});

test("a file that is not there has no layer", async () => {
  expect(await readPriceFile(path)).toBeUndefined();
});

test("entries are added behind those that are there, under a new version", async () => {
  const first = await appendPriceEntries(path, [entry("a")]);
  const second = await appendPriceEntries(path, [entry("b"), entry("c")]);
  expect(second.entries).toEqual([entry("a"), entry("b"), entry("c")]);
  expect(second.version).not.toBe(first.version);
  expect(await readPriceFile(path)).toEqual(second);
  expect(await readdir(join(folder.path, "below"))).toEqual(["prices.json"]);
});

test("of several that add at the same time none loses the entries of another", async () => {
  const names = ["a", "b", "c", "d", "e"];
  await Promise.all(names.map((name) => appendPriceEntries(path, [entry(name)])));
  const layer = await readPriceFile(path);
  expect(layer?.entries.map(({ model }) => model).toSorted()).toEqual(names);
  expect(await readdir(join(folder.path, "below"))).toEqual(["prices.json"]);
});

test("the lock of a process that died does not stay in the way", async () => {
  await mkdir(join(folder.path, "below"));
  await writeFile(`${path}.lock.of-the-dead`, "");
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(`${path}.lock.of-the-dead`, longAgo, longAgo);
  await appendPriceEntries(path, [entry("a")]);
  expect(await readdir(join(folder.path, "below"))).toEqual(["prices.json"]);
});

test("nothing is added to a file with problems, which stays as it is", async () => {
  await mkdir(join(folder.path, "below"));
  await writeFile(path, '{"formatVersion": 1, "entries": [{}, {}]}');
  await expect(appendPriceEntries(path, [entry("a")])).rejects.toMatchObject({
    code: "config.invalid",
    message: expect.stringContaining("\n  - entries[1].source: is missing"),
  });
  expect(await readFile(path, "utf8")).toContain("[{}, {}]");
});

test("an entry that could not be read back is not written", async () => {
  await expect(appendPriceEntries(path, [{ ...entry("a"), source: "" }])).rejects.toMatchObject({
    code: "config.invalid",
  });
  expect(await readPriceFile(path)).toBeUndefined();
});

test("of many problems the first twenty are shown and the others counted", async () => {
  await mkdir(join(folder.path, "below"));
  await writeFile(
    path,
    JSON.stringify({ formatVersion: 1, entries: Array.from({ length: 30 }, () => 0) }),
  );
  await expect(readPriceFile(path)).rejects.toThrow(/entries\[19\].*\n {2}- and 10 more$/s);
});

test("a file that is not JSON, or not UTF-8, is named", async () => {
  await mkdir(join(folder.path, "below"));
  await writeFile(path, Buffer.from([0x22, 0xff, 0x22]));
  await expect(readPriceFile(path)).rejects.toThrow(`${path} cannot be used:\n  - it is not JSON`);
});
