import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Wal } from "../../src/landing/wal.ts";
import type { WalOptions } from "../../src/landing/wal.ts";
import { WalFolder } from "../../src/landing/wal-folder.ts";
import type { WalSegment } from "../../src/landing/wal-segment.ts";
import { faultyDisk } from "./faulty-disk.ts";
import type { DiskFaults } from "./faulty-disk.ts";
import { testFolder, until } from "./test-folder.ts";
import { recordOf, spanId } from "./test-rows.ts";

const SEGMENT_BYTES = 16 * 1024;

interface Started {
  readonly wal: Wal;
  readonly folder: WalFolder;
  readonly segment: WalSegment;
}

async function openFolder(path: string, faults: DiskFaults = {}): Promise<WalFolder> {
  let word = 0;
  const randomWord = (): number => (word += 0x9e3779b9) >>> 0;
  return await WalFolder.open({
    disk: faultyDisk(faults),
    path,
    segmentBytes: SEGMENT_BYTES,
    randomWord,
  });
}

async function start(
  path: string,
  faults: DiskFaults = {},
  overrides: Partial<WalOptions> = {},
): Promise<Started> {
  const folder = await openFolder(path, faults);
  const wal = new Wal(folder, {
    groupBytesMax: 8 * 1024,
    queueBytesMax: 64 * 1024,
    segmentBytes: SEGMENT_BYTES,
    unlandedBytesMax: 4 * SEGMENT_BYTES,
    onFailure: () => undefined,
    ...overrides,
  });
  onTestFinished(() => wal.close());
  return { wal, folder, segment: await take(wal) };
}

async function take(wal: Wal): Promise<WalSegment> {
  await wal.supply.prepare();
  const segment = wal.supply.take();
  if (segment === undefined) throw new Error("no segment");
  return segment;
}

const record = (n: number): ReturnType<typeof recordOf> => recordOf([spanId(n)]);

describe("group commit", () => {
  test("a lone record is committed alone and at once", async () => {
    const { wal, segment } = await start(await testFolder());
    await wal.append(segment, record(1));
    await wal.append(segment, record(2));
    expect(wal.groupCount).toBe(2);
  });

  test("what queues up behind a commit goes out as one", async () => {
    const faults: DiskFaults = {};
    const { wal, segment } = await start(await testFolder(), faults);
    const gate = Promise.withResolvers<void>();
    faults.syncGate = gate.promise;
    const appends = Array.from({ length: 21 }, (_, n) => wal.append(segment, record(n)));
    gate.resolve();
    await Promise.all(appends);
    expect(wal.groupCount).toBe(2);
    expect(segment.recordCount).toBe(21);
  });

  test("a group stays below its limit in bytes, unless one record alone is larger", async () => {
    const faults: DiskFaults = {};
    const { wal, segment } = await start(await testFolder(), faults);
    const gate = Promise.withResolvers<void>();
    faults.syncGate = gate.promise;
    const payload = Buffer.alloc(3000);
    const large = Buffer.alloc(20_000);
    const payloads = [payload, payload, payload, payload, large, payload];
    const appends = payloads.map((bytes) => wal.append(segment, recordOf([], { payload: bytes })));
    gate.resolve();
    await Promise.all(appends);
    expect(wal.groupCount).toBe(5); // 1, then 2 of 8 KB, 1, the large one, 1
  });

  test("nothing counts as written before it is synced", async () => {
    const faults: DiskFaults = {};
    const { wal, segment } = await start(await testFolder(), faults);
    const gate = Promise.withResolvers<void>();
    faults.syncGate = gate.promise;
    const order: string[] = [];
    const append = wal.append(segment, record(1)).then(() => order.push("append"));
    const barrier = wal.barrier().then(() => order.push("barrier"));
    await stat(segment.path);
    expect(order).toEqual([]);
    expect(segment.tail).toBe(0);
    gate.resolve();
    await Promise.all([append, barrier]);
    expect(order).toEqual(["append", "barrier"]);
  });

  test("says that bytes wait when the disk does not keep up", async () => {
    const faults: DiskFaults = {};
    const { wal, segment } = await start(await testFolder(), faults, { queueBytesMax: 5000 });
    const gate = Promise.withResolvers<void>();
    faults.syncGate = gate.promise;
    const append = wal.append(segment, recordOf([], { payload: Buffer.alloc(4000) }));
    expect(wal.trouble).toBeUndefined();
    const next = wal.append(segment, recordOf([], { payload: Buffer.alloc(1000) }));
    expect(wal.trouble).toContain("wait for the disk");
    gate.resolve();
    await Promise.all([append, next]);
    expect(wal.trouble).toBeUndefined();
  });
});

describe("segment files", () => {
  test("are made whole before they are used, and used again under a new number and salt", async () => {
    const path = await testFolder();
    const { wal, segment } = await start(path);
    expect((await stat(segment.path)).size).toBe(SEGMENT_BYTES);
    await until(() => wal.supply.isReady);
    await wal.supply.recycle(segment);
    await take(wal);
    await until(() => wal.supply.isReady);
    const names = (await readdir(path)).filter((name) => name.endsWith(".wal"));
    expect(names.map((name) => parseInt(name, 10))).toEqual([2, 3]);
    expect((await readdir(path)).filter((name) => name.endsWith(".free"))).toEqual([]);
  });

  test("that grew for a large record are not kept", async () => {
    const path = await testFolder();
    const { wal, segment } = await start(path);
    await wal.append(segment, recordOf([], { payload: Buffer.alloc(SEGMENT_BYTES) }));
    await wal.supply.recycle(segment);
    expect((await readdir(path)).filter((name) => name.endsWith(".free"))).toEqual([]);
  });

  test("are no more than the bytes that may wait for the lake", async () => {
    const { wal, segment } = await start(await testFolder());
    for (let n = 0; n < 3; n += 1) await take(wal);
    await wal.supply.prepare();
    expect(wal.supply.isReady).toBe(false);
    expect(wal.supply.shortage).toContain("LENSAI_WAL_BYTES_MAX");
    await wal.supply.recycle(segment);
    await until(() => wal.supply.isReady);
  });

  test("never get a number twice, even when every file was deleted", async () => {
    const path = await testFolder();
    const first = await openFolder(path);
    const { number } = await first.createSegment();
    for (const name of await readdir(path)) {
      if (name !== "instance.json") await rm(join(path, name));
    }
    const second = await openFolder(path);
    expect(second.identity.instanceId).toBe(first.identity.instanceId);
    expect((await second.createSegment()).number).toBeGreaterThan(number);
  });

  test("without the file that names the log are refused: they would land under other names", async () => {
    const path = await testFolder();
    await (await openFolder(path)).createSegment();
    await rm(join(path, "instance.json"));
    await expect(openFolder(path)).rejects.toMatchObject({ code: "config.invalid" });
  });

  test("of an earlier process come back oldest first", async () => {
    const path = await testFolder();
    const first = await openFolder(path);
    const made = [await first.createSegment(), await first.createSegment()];
    const { leftovers } = await openFolder(path);
    expect(leftovers.map(({ number, saltLow, saltHigh }) => [number, saltLow, saltHigh])).toEqual(
      made.map(({ number, saltLow, saltHigh }) => [number, saltLow, saltHigh]),
    );
  });
});
