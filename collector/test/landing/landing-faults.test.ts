import { spawnSync } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { Landing, LandingOptions } from "../../src/landing/landing.ts";
import { faultyDisk } from "./faulty-disk.ts";
import type { DiskFaults } from "./faulty-disk.ts";
import type { GatedWorkerData } from "./gated-worker.ts";
import { ingestIds } from "./ingest-ids.ts";
import { countSpanIds } from "./lake-rows.ts";
import { SMALL, ids, ingestWhenReady, once, startLanding } from "./start-landing.ts";
import { testFolder, until } from "./test-folder.ts";
import { decodeIds } from "./test-rows.ts";

const BEHIND = { code: "ingest.storage_behind", retryable: true };

describe("a disk that fails", () => {
  const kinds: readonly (readonly [string, DiskFaults])[] = [
    ["refuses a write", { write: { code: "ENOSPC", bytesBefore: 0 } }],
    ["takes half a write", { write: { code: "EIO", bytesBefore: 60 } }],
    ["takes a whole write and fails to sync it", { sync: "EIO" }],
    [
      "takes half a write and cannot undo it at first",
      { write: { code: "EIO", bytesBefore: 60 }, truncate: "EIO" },
    ],
  ];

  test.each(kinds)("%s: 503, and a retry lands once", async (_, fault) => {
    const folder = await testFolder();
    const faults: DiskFaults = {};
    const landing = await startLanding(folder, { disk: faultyDisk(faults) });
    await ingestIds(landing, ids(1, 3));
    Object.assign(faults, fault);
    await expect(ingestIds(landing, ids(10, 3))).rejects.toMatchObject(BEHIND);
    clear(faults);
    await ingestWhenReady(landing, ids(10, 3));
    expect(await landing.close(10_000)).toBe(true);
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once([...ids(1, 3), ...ids(10, 3)]));
  });

  test.each(kinds)("%s: nothing of it is replayed after a crash", async (_, fault) => {
    const folder = await testFolder();
    const faults: DiskFaults = {};
    const disk = faultyDisk(faults);
    const landing = await startLanding(folder, { disk, ...gated(folder, "stall") });
    await writeFile(join(folder, "gate"), "");
    await ingestIds(landing, ids(1, 3));
    Object.assign(faults, fault);
    await expect(ingestIds(landing, ids(10, 3))).rejects.toMatchObject(BEHIND);
    clear(faults);
    await until(() => landing.state().refusal === undefined);
    await landing.close(0);
    const next = await startLanding(folder);
    await until(() => next.state().waitingSegments === 0);
    expect(await ingestIds(next, ids(10, 3))).toBe("accepted");
    expect(await next.close(10_000)).toBe(true);
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once([...ids(1, 3), ...ids(10, 3)]));
  });

  test("refuses everything, and says why, while a failed write cannot be undone", async () => {
    const faults: DiskFaults = { write: { code: "EIO", bytesBefore: 60 }, truncate: "EIO" };
    const landing = await startLanding(await testFolder(), { disk: faultyDisk(faults) });
    await expect(ingestIds(landing, ids(10, 3))).rejects.toMatchObject(BEHIND);
    faults.write = undefined;
    await expect(ingestIds(landing, ids(10, 3))).rejects.toMatchObject(BEHIND);
    expect(landing.state().refusal).toContain("EIO");
    faults.truncate = undefined;
    await ingestWhenReady(landing, ids(10, 3));
  });

  test("requests queued behind a failed one fail with it, those before it do not", async () => {
    const folder = await testFolder();
    const faults: DiskFaults = {};
    const landing = await startLanding(folder, { disk: faultyDisk(faults) });
    await ingestIds(landing, ids(0, 2));
    const gate = Promise.withResolvers<void>();
    faults.syncGate = gate.promise;
    const inFlight = ingestIds(landing, ids(10, 2));
    const queued = [20, 30, 40].map((from) => ingestIds(landing, ids(from, 2)));
    const duplicate = ingestIds(landing, ids(10, 2));
    faults.nextSync = "EIO"; // what is queued would succeed
    gate.resolve();
    const outcomes = await Promise.allSettled([inFlight, ...queued, duplicate]);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(5).fill("rejected"));
    clear(faults);
    for (const from of [10, 20, 30, 40]) await ingestWhenReady(landing, ids(from, 2));
    expect(await landing.close(10_000)).toBe(true);
    const expected = [0, 10, 20, 30, 40].flatMap((from) => ids(from, 2));
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once(expected));
  });

  test("a refused write in one segment takes back the rows of the next one too", async () => {
    const folder = await testFolder();
    const faults: DiskFaults = {};
    const landing = await startLanding(folder, {
      disk: faultyDisk(faults),
      landingIntervalMs: 60_000,
    });
    await ingestIds(landing, ids(0, 50));
    await until(() => landing.state().nextSegmentIsReady);
    const gate = Promise.withResolvers<void>();
    faults.syncGate = gate.promise;
    const first = ingestIds(landing, ids(100, 40)); // 90 of 100 rows
    const second = ingestIds(landing, ids(200, 40)); // rolls over
    faults.nextSync = "EIO";
    gate.resolve();
    await expect(first).rejects.toMatchObject(BEHIND);
    await expect(second).rejects.toMatchObject(BEHIND);
    clear(faults);
    await ingestWhenReady(landing, ids(200, 40));
    expect(await landing.close(10_000)).toBe(true);
    expect(await countSpanIds(join(folder, "lake"))).toEqual(
      once([...ids(0, 50), ...ids(200, 40)]),
    );
  });

  test("a duplicate waits until the original is durable", async () => {
    const folder = await testFolder();
    const faults: DiskFaults = {};
    const landing = await startLanding(folder, { disk: faultyDisk(faults) });
    const gate = Promise.withResolvers<void>();
    faults.syncGate = gate.promise;
    const order: string[] = [];
    const original = ingestIds(landing, ids(1, 1)).then(() => order.push("original"));
    const duplicate = ingestIds(landing, ids(1, 1)).then((answer) => order.push(answer));
    expect(order).toEqual([]);
    gate.resolve();
    await Promise.all([original, duplicate]);
    expect(order).toEqual(["original", "duplicate"]);
  });

  test("writes that the system cuts short are continued", async () => {
    const folder = await testFolder();
    const landing = await startLanding(folder, { disk: faultyDisk({ shortWriteBytes: 37 }) });
    await Promise.all([1, 20, 40].map((from) => ingestIds(landing, ids(from, 10))));
    await landing.close(0);
    const next = await startLanding(folder);
    expect(await next.close(10_000)).toBe(true);
    const expected = [1, 20, 40].flatMap((from) => ids(from, 10));
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once(expected));
  });

  test("without room for the next segment requests are refused until there is some", async () => {
    const folder = await testFolder();
    const faults: DiskFaults = {};
    const landing = await startLanding(folder, {
      disk: faultyDisk(faults),
      landingIntervalMs: 60_000,
    });
    faults.create = "ENOSPC";
    await ingestIds(landing, ids(0, 100)); // fills the open segment, the ready one is next
    await until(() =>
      ingestIds(landing, ids(100, 100)).then(
        () => true,
        () => false,
      ),
    );
    await expect(fillUntilRefused(landing, 1000)).resolves.toMatchObject(BEHIND);
    faults.create = undefined;
    await ingestWhenReady(landing, ids(5000, 10));
  });
});

describe("a store that misbehaves", () => {
  test("stalls: 503 before memory or disk run over, and all that was acknowledged lands", async () => {
    const folder = await testFolder();
    const limits = { ...SMALL, unlandedBytesMax: 10 * 64 * 1024, batchesMax: 2 };
    const landing = await startLanding(folder, { limits, ...gated(folder, "stall") });
    await writeFile(join(folder, "gate"), "");
    const accepted: string[] = [];
    let refusal: unknown;
    for (let from = 0; refusal === undefined; from += 100) {
      try {
        await ingestPatiently(landing, ids(from, 100));
        accepted.push(...ids(from, 100));
      } catch (error) {
        refusal = error;
      }
    }
    expect(refusal).toMatchObject(BEHIND);
    expect(landing.state().refusal).toContain("wait for the lake");
    expect(() => landing.writer.refuseWhileBehind()).toThrow("wait for the lake");
    expect(landing.state().unlandedBytes).toBeLessThanOrEqual(limits.unlandedBytesMax);
    expect(accepted.length).toBe(10 * 100); // eight segments without a batch in memory
    await rm(join(folder, "gate"));
    await ingestWhenReady(landing, ids(9000, 1));
    expect(await landing.close(20_000)).toBe(true);
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once([...accepted, ...ids(9000, 1)]));
  });

  test("is slow: a request has no room until a batch is back, and no row is decoded twice", async () => {
    const folder = await testFolder();
    const decode = vi.fn<LandingOptions["decode"]>(decodeIds);
    const limits = { ...SMALL, batchesMax: 2 };
    const landing = await startLanding(folder, {
      limits,
      decode,
      monotonicNow: () => 0,
      ...gated(folder, "stall"),
    });
    await writeFile(join(folder, "gate"), "");
    await ingestIds(landing, ids(0, 100));
    await until(() => landing.state().nextSegmentIsReady);
    await ingestIds(landing, ids(100, 100));
    await until(() => landing.state().nextSegmentIsReady);
    expect(landing.writer.hasRoom).toBe(false);
    expect(() => landing.writer.refuseWhileBehind()).not.toThrow();
    await rm(join(folder, "gate"));
    await until(() => landing.writer.hasRoom);
    await ingestIds(landing, ids(200, 100));
    expect(await landing.close(10_000)).toBe(true);
    expect(decode).not.toHaveBeenCalled();
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once(ids(0, 300)));
  });

  test("stalls: waiting for a batch ends, and a segment that waits gives up its own", async () => {
    const folder = await testFolder();
    const limits = { ...SMALL, batchesMax: 2 };
    let elapsedMs = 0;
    const landing = await startLanding(folder, {
      limits,
      monotonicNow: () => elapsedMs,
      ...gated(folder, "stall"),
    });
    await writeFile(join(folder, "gate"), "");
    await ingestIds(landing, ids(0, 100));
    await until(() => landing.state().nextSegmentIsReady);
    await ingestIds(landing, ids(100, 100));
    await until(() => landing.state().nextSegmentIsReady);
    expect(landing.writer.hasRoom).toBe(false);
    elapsedMs = 2001;
    expect(landing.writer.hasRoom).toBe(true);
    await ingestIds(landing, ids(200, 100));
    await rm(join(folder, "gate"));
    expect(await landing.close(10_000)).toBe(true);
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once(ids(0, 300)));
  });

  test.each(["fail", "refuse", "die"] as const)(
    "it %ss: said, tried again, landed",
    async (mode) => {
      const folder = await testFolder();
      const landing = await startLanding(folder, gated(folder, mode));
      await writeFile(join(folder, "gate"), "");
      await ingestIds(landing, ids(1, 3));
      await until(() => landing.state().trouble !== undefined);
      expect(landing.state().waitingSegments).toBe(1);
      await rm(join(folder, "gate"));
      await until(() => landing.state().landedRows === 3);
      await until(() => landing.state().trouble === undefined);
      await landing.close(5000);
      expect(await countSpanIds(join(folder, "lake"))).toEqual(once(ids(1, 3)));
    },
  );

  test("a thread that dies takes no rows with it: they land without being decoded again", async () => {
    const folder = await testFolder();
    const decode = vi.fn<LandingOptions["decode"]>();
    const landing = await startLanding(folder, { ...gated(folder, "die"), decode });
    await writeFile(join(folder, "gate"), "");
    await ingestIds(landing, ids(1, 3));
    await until(() => landing.state().trouble !== undefined);
    await rm(join(folder, "gate"));
    await until(() => landing.state().landedRows === 3);
    expect(decode).not.toHaveBeenCalled();
    await landing.close(5000);
    expect(await countSpanIds(join(folder, "lake"))).toEqual(once(ids(1, 3)));
  });
});

const canMount = process.platform === "linux" && process.getuid?.() === 0 && mountable();

test.runIf(canMount)(
  "a full disk (tmpfs): refuses, keeps what it had, recovers by itself",
  async () => {
    const folder = await testFolder();
    const disk = join(folder, "data");
    await mkdir(disk);
    shell(`mount -t tmpfs -o size=2m tmpfs "$1"`, disk);
    onTestFinished(() => {
      shell(`umount -l "$1"`, disk);
    });
    const limits = { ...SMALL, segmentBytes: 512 * 1024, unlandedBytesMax: 64 * 1024 * 1024 };
    const landing = await startLanding(folder, { limits, ...gated(folder, "stall") });
    await writeFile(join(folder, "gate"), "");
    const refused = await fillUntilRefused(landing, 0);
    expect(refused).toMatchObject({
      ...BEHIND,
      message: expect.stringContaining("ENOSPC") as string,
    });
    await rm(join(folder, "gate"));
    await ingestWhenReady(landing, ids(1_000_000, 1));
    expect(await landing.close(20_000)).toBe(true);
    const counts = await countSpanIds(join(folder, "lake"));
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(counts.size).toBe(refused.acceptedRows + 1);
  },
);

/** Some containers are root and may still not mount. */
function mountable(): boolean {
  return shell("d=$(mktemp -d) && mount -t tmpfs tmpfs $d && umount $d && rmdir $d", "") === 0;
}

/** The exit code of a script that finds its argument in $1. */
function shell(script: string, argument: string): number | null {
  return spawnSync("sh", ["-c", script, "sh", argument]).status;
}

function clear(faults: DiskFaults): void {
  for (const name of Object.keys(faults)) delete faults[name as keyof DiskFaults];
}

function gated(folder: string, mode: GatedWorkerData["mode"]): Pick<LandingOptions, "thread"> {
  const workerData = { lakeUrl: join(folder, "lake"), gate: join(folder, "gate"), mode };
  return { thread: { entry: new URL("./gated-worker.ts", import.meta.url), workerData } };
}

/** Sends until nothing but refusals come for longer than a segment takes to be made. */
async function ingestPatiently(landing: Landing, request: string[]): Promise<void> {
  for (;;) {
    try {
      await ingestIds(landing, request);
      return;
    } catch (error) {
      if (landing.state().refusal !== undefined) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 2);
      });
    }
  }
}

/** The refusal that lasts, with the number of rows accepted before it. */
async function fillUntilRefused(
  landing: Landing,
  from: number,
): Promise<{ code: string; retryable: boolean; message: string; acceptedRows: number }> {
  for (let acceptedRows = 0; ; acceptedRows += 100) {
    try {
      await ingestPatiently(landing, ids(from + acceptedRows, 100));
    } catch (error) {
      const { code, retryable, message } = error as {
        code: string;
        retryable: boolean;
        message: string;
      };
      return { code, retryable, message, acceptedRows };
    }
  }
}
