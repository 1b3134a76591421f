import { chmod, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parsePriceFile } from "@lensai/analytics/prices/price-file";
import { KeptOverrides } from "../../src/prices/kept-overrides.ts";
import { WatchedPriceBook } from "../../src/prices/watched-price-book.ts";

const AT = new Date("2026-11-01T00:00:00Z");
const POLL_MS = 20;
/** The account that owns nothing. */
const NOBODY = 65_534;

let folder: string;
let file: string;
let lines: string[];
let book: WatchedPriceBook;
/** How often a book has asked where its file is: once with each look at it. */
let looks: number;

function createBook(): WatchedPriceBook {
  return new WatchedPriceBook({
    get path() {
      looks += 1;
      return file;
    },
    keptFolder: path.join(folder, "kept"),
    pollIntervalMs: POLL_MS,
    log: {
      info: (message) => void lines.push(`info ${message}`),
      warn: (message) => void lines.push(`warn ${message}`),
    },
  });
}

const documentOf = (inputPrice: unknown): string =>
  JSON.stringify({
    formatVersion: 1,
    entries: [
      {
        provider: "openai",
        model: "gpt-5",
        prices: { input_mtok: inputPrice },
        recordedAt: "2026-10-01",
        recordedBy: "ann",
        source: "negotiated",
      },
    ],
  });

/** As an editor does it: never half a file. */
async function write(text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}

const inputPrice = (projectId?: string): number | undefined => {
  const { prices } = book.resolve({ provider: "openai", model: "gpt-5", at: AT, projectId });
  return prices?.base.input === undefined ? undefined : prices.base.input / 1e6;
};

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "lensai-prices-"));
  file = path.join(folder, "prices.json");
  lines = [];
  looks = 0;
  book = createBook();
});

afterEach(async () => {
  await book.stop();
  await rm(folder, { recursive: true });
});

test("without a file, list prices apply", async () => {
  await book.start();
  expect(inputPrice()).toBe(1.25);
  expect(book.version).not.toContain("overrides@");
});

test("the overrides of the file apply from the start", async () => {
  await write(documentOf(1));
  await book.start();
  expect(inputPrice()).toBe(1);
  expect(book.version).toMatch(/\+overrides@[0-9a-f]{12}$/);
});

test("a change of the file applies without a restart, under another version", async () => {
  await write(documentOf(1));
  await book.start();
  const before = book.version;
  await write(documentOf(2));
  await expect.poll(() => inputPrice()).toBe(2);
  expect(book.version).not.toBe(before);
  await rm(file);
  await expect.poll(() => inputPrice()).toBe(1.25);
});

test("a file with problems changes nothing, and the log names every problem once", async () => {
  await write(documentOf(1));
  await book.start();
  await write(documentOf("cheap"));
  await expect.poll(() => lines.at(-1)).toContain("entries[0].prices.input_mtok");
  expect(inputPrice()).toBe(1);
  await write(documentOf(3));
  await expect.poll(() => inputPrice()).toBe(3);
  expect(lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
});

const refusals = (): string[] => lines.filter((line) => line.includes("EACCES"));

/** Root may read whatever the mode says: for as long as `work` takes, it is somebody who may not. */
async function withoutRights(work: () => Promise<void>): Promise<void> {
  if (process.geteuid?.() !== 0) return work();
  process.seteuid?.(NOBODY);
  try {
    await work();
  } finally {
    process.seteuid?.(0);
  }
}

test("a file that cannot be read is read as soon as it can, and is said once", async () => {
  await chmod(folder, 0o755); // what the file looks like can be seen
  await write(documentOf(1));
  await chmod(file, 0o000);
  await withoutRights(async () => {
    await book.start();
    await expect.poll(() => refusals().length).toBe(1);
    const before = looks;
    await expect.poll(() => looks - before).toBeGreaterThan(2);
  });
  expect(refusals()).toHaveLength(1);
  expect(inputPrice()).toBe(1.25);
  await chmod(file, 0o600);
  await expect.poll(() => inputPrice()).toBe(1);
});

test("a start with a broken file uses the last one that was not, and goes on watching", async () => {
  await write(documentOf(1));
  await book.start();
  await book.stop();
  await write("{");
  book = createBook();
  await book.start();
  expect(inputPrice()).toBe(1);
  expect(lines.join("\n")).toContain("it is not JSON");
  await write(documentOf(2));
  await expect.poll(() => inputPrice()).toBe(2);
});

test("a first start with a broken file uses list prices and says so", async () => {
  await write("{");
  await book.start();
  expect(inputPrice()).toBe(1.25);
  expect(lines.at(-1)).toContain("list prices apply");
});

test("the copy of the file in use is the file, byte for byte", async () => {
  await write(documentOf(1));
  await book.start();
  const digest = book.version.split("@").at(-1);
  expect(await readFile(path.join(folder, "kept", `${digest}.json`), "utf8")).toBe(documentOf(1));
});

test("what was accepted under an earlier version has that version's prices, across restarts too", async () => {
  await book.start();
  const versions = [book.version];
  for (const price of [1, 2, 3]) {
    await write(documentOf(price));
    await expect.poll(() => inputPrice()).toBe(price);
    versions.push(book.version);
  }
  await book.stop();
  book = createBook();
  await book.start();
  const then = versions.map((version) => {
    const earlier = book.bookOf(version);
    expect(earlier.version).toBe(version);
    return earlier.resolve({ provider: "openai", model: "gpt-5", at: AT }).prices?.base.input;
  });
  expect(then).toEqual([1_250_000, 1e6, 2e6, 3e6]);
});

test("prices that are kept no more are those in use, which the log says", async () => {
  await write(documentOf(1));
  await book.start();
  const unknown = `${book.version.split("+overrides@")[0]}+overrides@00112233aabb`;
  expect(book.bookOf(unknown).version).toBe(book.version);
  expect(lines.at(-1)).toContain("priced by other overrides");
});

test("of the copies the 32 in use last are kept", async () => {
  const kept = new KeptOverrides(path.join(folder, "kept"));
  for (let price = 1; price <= 40; price += 1) {
    const body = Buffer.from(documentOf(price));
    await kept.keep({ body, layer: parsePriceFile(body, file) });
  }
  const files = await readdir(path.join(folder, "kept"));
  expect(files).toHaveLength(32);
  const newest = Buffer.from(documentOf(40));
  expect((await kept.newest())?.layer.version).toBe(parsePriceFile(newest, file).version);
});

test("after a stop nothing is read any more", async () => {
  await book.start();
  await book.stop();
  const other = createBook();
  await other.start();
  await write(documentOf(1));
  await expect.poll(() => other.version).toContain("overrides@");
  await other.stop();
  expect(inputPrice()).toBe(1.25);
});

test("a copy that cannot be written takes no price away", async () => {
  await writeFile(path.join(folder, "kept"), "a file where a folder should be");
  await write(documentOf(1));
  await book.start();
  expect(inputPrice()).toBe(1);
  expect(lines.join("\n")).toContain("warn the copy of the price overrides cannot be written");
});

/** What a project has set in the console, as a snapshot has it. */
const consoleDocument = (prices: object, recordedAt = "2026-10-02T08:00:00.000Z"): unknown => ({
  formatVersion: 1,
  entries: [
    {
      project: "shop",
      provider: "openai",
      model: "gpt-5",
      ...prices,
      recordedAt,
      recordedBy: "user:ann",
      source: "a test",
    },
  ],
});

test("what a project has set in the console holds for it, over what the file says for all", async () => {
  await write(documentOf(1));
  await book.start();
  book.useConsole(consoleDocument({ prices: { input_mtok: 0.5 } }));
  await expect.poll(() => inputPrice("shop")).toBe(0.5);
  expect([inputPrice("bank"), inputPrice()]).toEqual([1, 1]);
  expect(book.version).toMatch(/\+overrides@[0-9a-f]{12}$/);
  await write(documentOf(2));
  await expect.poll(() => inputPrice("bank")).toBe(2);
  expect(inputPrice("shop")).toBe(0.5);
});

test("what the console said before the start holds from the start, and no file is needed", async () => {
  book.useConsole(consoleDocument({ multiplier: "0.5" }));
  await book.start();
  expect([inputPrice("shop"), inputPrice("bank")]).toEqual([0.625, 1.25]);
  const told: string[] = [];
  book.onChange(() => told.push(book.version));
  book.useConsole(consoleDocument({ withdrawn: true }, "2026-10-03T08:00:00.000Z"));
  await expect.poll(() => inputPrice("shop")).toBe(1.25);
  expect(told).toEqual([book.version]);
});

test("a console that says nothing, or the same, or what cannot be read, changes nothing", async () => {
  await book.start();
  const prices = { prices: { input_mtok: 0.5 } };
  book.useConsole(consoleDocument(prices));
  await expect.poll(() => inputPrice("shop")).toBe(0.5);
  const { version } = book;
  book.useConsole(undefined);
  book.useConsole(consoleDocument(prices));
  book.useConsole(consoleDocument({ prices: { moon_mtok: 1 } }));
  expect(lines.at(-1)).toContain("prices of the console: entries[0].prices.moon_mtok");
  await book.stop();
  expect(book.version).toBe(version);
  expect(lines.filter((line) => line.startsWith("warn"))).toHaveLength(1);
});

test("with a broken file, what the console sets lies over the last good one, and nothing twice", async () => {
  await write(documentOf(1));
  book.useConsole(consoleDocument({ prices: { input_mtok: 0.5 } }));
  await book.start();
  const { version } = book;
  await book.stop();
  await write("{");
  book = createBook();
  book.useConsole(consoleDocument({ prices: { input_mtok: 0.5 } }));
  await book.start();
  expect([inputPrice("shop"), inputPrice("bank")]).toEqual([0.5, 1]);
  expect(book.version).toBe(version);
  expect(book.overrides?.entries).toHaveLength(2);
});

test("what was accepted under prices of the console has them again when it is decoded again", async () => {
  await write(documentOf(1));
  await book.start();
  book.useConsole(consoleDocument({ prices: { input_mtok: 0.5 } }));
  await expect.poll(() => inputPrice("shop")).toBe(0.5);
  const { version } = book;
  book.useConsole(consoleDocument({ prices: { input_mtok: 0.25 } }));
  await expect.poll(() => inputPrice("shop")).toBe(0.25);
  await book.stop();
  book = createBook();
  await book.start();
  const then = book.bookOf(version).resolve({
    provider: "openai",
    model: "gpt-5",
    at: AT,
    projectId: "shop",
  });
  expect(then.prices?.base.input).toBe(500_000);
});
