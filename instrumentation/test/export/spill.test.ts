import { mkdtemp, readFile, readdir, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SpillFolder } from "../../src/export/spill-folder.ts";
import { deliverTo } from "../support/delivery.ts";
import type { Delivering } from "../support/delivery.ts";
import { startOtlpReceiver, status, taken } from "../support/otlp-receiver.ts";
import type { OtlpReceiver } from "../support/otlp-receiver.ts";

const MINUTE_MS = 60_000;
const BYTES_MAX = 1024 * 1024;

let receiver: OtlpReceiver;
let parent: string;
let folder: string;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
  parent = await mkdtemp(path.join(tmpdir(), "lensai-spill-"));
  folder = path.join(parent, "spill");
});
afterEach(async () => {
  await receiver.stop();
  await rm(parent, { recursive: true });
});

const spilling = (bytesMax = BYTES_MAX): Delivering =>
  deliverTo(receiver.url, { spill: { folder, bytesMax } });
const names = (): readonly string[] => receiver.requests.flatMap(({ spanNames }) => spanNames);
const down = status(503, { "retry-after": "0" });

const batch = (
  byte: number,
): { bytes: Uint8Array<ArrayBuffer>; isGzip: boolean; spanCount: number } => ({
  bytes: new Uint8Array([10, byte]),
  isGzip: false,
  spanCount: 1,
});

describe("with a folder, spans that no collector takes", () => {
  test("wait on disk, readable for nobody else, and go when it is back", async () => {
    receiver.answer = down;
    const running = spilling();
    running.make("a", "b");
    await running.delivery.forceFlush();
    expect(running.delivery.counts).toMatchObject({ made: 2, spilled: 2, lost: 0 });
    expect(running.delivery.waiting).toBe(0);
    const files = await readdir(folder);
    expect(files.length).toBe(2);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    for (const file of files)
      expect((await stat(path.join(folder, file))).mode & 0o777).toBe(0o600);
    receiver.answer = taken;
    await expect.poll(() => running.delivery.counts.delivered).toBe(2);
    expect(running.accountedFor()).toBe(2);
    await expect.poll(() => readdir(folder)).toEqual([]);
  });

  test("are delivered by the next start", async () => {
    receiver.answer = down;
    const before = spilling();
    before.make("a", "b");
    await before.delivery.shutdown();
    expect(before.delivery.counts).toMatchObject({ spilled: 2, lost: 0 });
    receiver.answer = taken;
    const after = spilling();
    await expect.poll(() => after.delivery.counts.delivered).toBe(2);
    expect([...names()].sort().slice(-2)).toEqual(["a", "b"].sort());
    expect(after.accountedFor()).toBe(after.delivery.counts.made);
  });

  test("make room for newer ones when the folder is full, and are counted", async () => {
    receiver.answer = down;
    const running = spilling(800);
    running.make("a", "b", "c", "d", "e", "f", "g", "h");
    await running.delivery.shutdown();
    const { spilled, dropped } = running.delivery.counts;
    expect(spilled).toBeGreaterThan(0);
    expect(dropped.get("spill_full")).toBe(8 - spilled);
    const sizes = await Promise.all(
      (await readdir(folder)).map(async (file) => (await stat(path.join(folder, file))).size),
    );
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(800);
    expect(running.accountedFor()).toBe(8);
  });

  test("stay in memory when the folder cannot be written", async () => {
    receiver.answer = down;
    await writeFile(folder, "a file in its place");
    const running = spilling();
    running.make("a");
    await running.delivery.forceFlush();
    expect(running.delivery.waiting).toBe(1);
    receiver.answer = taken;
    await expect.poll(() => running.delivery.counts.delivered).toBe(1);
  });

  test("are on disk as they would be sent: compressed, without a key or a signature", async () => {
    receiver.answer = down;
    const running = deliverTo(receiver.url, {
      spill: { folder, bytesMax: BYTES_MAX },
      headers: { "x-api-key": "key-of-the-project" },
      signing: { keyId: "sec_1", secret: Buffer.alloc(32, 7).toString("base64") },
    });
    running.make("a");
    await running.delivery.shutdown();
    const [file = ""] = await readdir(folder);
    const content = await readFile(path.join(folder, file));
    expect([...content.subarray(32, 34)]).toEqual([0x1f, 0x8b]);
    expect(content.includes("key-of-the-project")).toBe(false);
    expect(content.includes("sec_1")).toBe(false);
  });
});

describe("a folder of spilled batches", () => {
  test("gives the oldest first, and each to one process only", async () => {
    let nowMs = 1000;
    const options = { folder, bytesMax: BYTES_MAX, now: () => nowMs };
    const one = new SpillFolder(options);
    const other = new SpillFolder(options);
    await one.keep(batch(1));
    nowMs += 1;
    await one.keep(batch(2));
    const taken1 = await one.take();
    const taken2 = await other.take();
    expect([taken1?.batch.bytes[1], taken2?.batch.bytes[1]]).toEqual([1, 2]);
    expect([taken1?.isOwn, taken2?.isOwn]).toEqual([true, false]);
    expect(await other.take()).toBeUndefined();
    await taken1?.release();
    expect((await other.take())?.batch.bytes[1]).toBe(1);
  });

  test("takes back what somebody began to send and never finished", async () => {
    let nowMs = 1000;
    const options = { folder, bytesMax: BYTES_MAX, now: () => nowMs };
    const spill = new SpillFolder(options);
    await spill.keep(batch(1));
    await spill.take();
    nowMs += 4 * MINUTE_MS;
    expect(await spill.take()).toBeUndefined();
    nowMs += 2 * MINUTE_MS;
    expect((await new SpillFolder(options).take())?.batch).toEqual(batch(1));
  });

  test("passes over a file that is torn, and removes it", async () => {
    let nowMs = 1000;
    const spill = new SpillFolder({ folder, bytesMax: BYTES_MAX, now: () => nowMs });
    await spill.keep(batch(1));
    nowMs += 1;
    await spill.keep(batch(2));
    const [first = ""] = (await readdir(folder)).sort();
    await truncate(path.join(folder, first), 20);
    await writeFile(path.join(folder, "not ours.txt"), "x");
    expect((await spill.take())?.batch).toEqual(batch(2));
    expect(spill.takeLostSpans()).toBe(1);
    expect((await readdir(folder)).length).toBe(2);
  });

  test("goes on when the folder can be written again", async () => {
    await writeFile(folder, "a file in its place");
    const spill = new SpillFolder({ folder, bytesMax: BYTES_MAX, now: () => 1000 });
    await expect(spill.keep(batch(1))).rejects.toThrow(/EEXIST/);
    await rm(folder);
    await spill.keep(batch(1));
    // Cleaners of temporary folders take it away while the process runs.
    await rm(folder, { recursive: true });
    await spill.keep(batch(2));
    expect((await spill.take())?.batch).toEqual(batch(2));
  });

  test("removes what a process that died did not write to its end", async () => {
    let nowMs = 1000;
    const spill = new SpillFolder({ folder, bytesMax: BYTES_MAX, now: () => nowMs });
    await spill.keep(batch(1));
    const [kept = ""] = await readdir(folder);
    const torn = (createdMs: number): string =>
      kept.replace(/^\d+/, String(createdMs)).concat(".unfinished");
    await writeFile(path.join(folder, torn(1000)), "x");
    nowMs += 6 * MINUTE_MS;
    await writeFile(path.join(folder, torn(nowMs)), "x");
    expect((await spill.take())?.batch).toEqual(batch(1));
    await spill.keep(batch(2));
    const unfinished = (await readdir(folder)).filter((name) => name.endsWith(".unfinished"));
    expect(unfinished).toEqual([torn(nowMs)]);
  });
});
