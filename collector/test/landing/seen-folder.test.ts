import { readFile, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { nodeDisk } from "../../src/landing/disk.ts";
import { SeenFolder } from "../../src/landing/seen-folder.ts";
import { SeenJournal } from "../../src/landing/seen-journal.ts";
import { SeenWindow } from "../../src/landing/seen-window.ts";
import { testFolder } from "./test-folder.ts";
import { recordOf } from "./test-rows.ts";

const MINUTE = 60_000;
const LIMITS = { requestWindowMs: 20 * MINUTE, spansMax: 10 };

/** A journal of one request with some spans, told apart by `n`. */
function journalOf(n: number, spanCount: number, receivedAtMs = 0): SeenJournal {
  const spanHashes = Uint32Array.from(
    { length: spanCount * 2 },
    (_, index) => n * 1000 + index + 1,
  );
  const journal = new SeenJournal();
  journal.add(recordOf([String(n)], { receivedAtMs, spanHashes }));
  return journal;
}

const knowsRequest = (seen: SeenWindow, n: number): boolean =>
  seen.seenRequest(recordOf([String(n)]).batchId);
const knowsSpan = (seen: SeenWindow, n: number): boolean =>
  !seen.addSpan(n * 1000 + 1, n * 1000 + 2);

async function reload(
  folder: string,
  nowMs: number,
): Promise<{ seen: SeenWindow; damaged: number }> {
  const seen = new SeenWindow();
  const { damaged } = await new SeenFolder(nodeDisk, folder, LIMITS).load(seen, nowMs);
  return { seen, damaged };
}

describe("the journals of landed segments", () => {
  test("bring requests and spans back after a restart", async () => {
    const folder = await testFolder();
    const seenFolder = new SeenFolder(nodeDisk, folder, LIMITS);
    await seenFolder.save("0000000001", journalOf(1, 3), 0);
    await seenFolder.save("0000000002", journalOf(2, 0), 0);
    const { seen } = await reload(folder, 20 * MINUTE);
    expect([1, 2, 3].map((n) => knowsRequest(seen, n))).toEqual([true, true, false]);
    expect([1, 2].map((n) => knowsSpan(seen, n))).toEqual([true, false]);
  });

  test("older than the window are removed, at its last moment they still count", async () => {
    const folder = await testFolder();
    const seenFolder = new SeenFolder(nodeDisk, folder, LIMITS);
    await seenFolder.save("0000000001", journalOf(1, 1, 0), 0);
    expect(knowsRequest((await reload(folder, 20 * MINUTE)).seen, 1)).toBe(true);
    expect(knowsRequest((await reload(folder, 20 * MINUTE + 1)).seen, 1)).toBe(false);
    expect(await readdir(folder)).toEqual([]);
  });

  test("keep their requests but lose their spans when newer ones fill the window", async () => {
    const folder = await testFolder();
    const seenFolder = new SeenFolder(nodeDisk, folder, LIMITS);
    await seenFolder.save("0000000001", journalOf(1, 4), 0);
    const full = await stat(join(folder, "0000000001.seen"));
    await seenFolder.save("0000000002", journalOf(2, 10), 0); // the window holds ten: not yet
    expect((await stat(join(folder, "0000000001.seen"))).size).toBe(full.size);
    await seenFolder.save("0000000003", journalOf(3, 1), 0);
    expect((await stat(join(folder, "0000000001.seen"))).size).toBe(full.size - 4 * 8);
    const { seen, damaged } = await reload(folder, 0);
    expect(damaged).toBe(0);
    expect([1, 2, 3].map((n) => knowsRequest(seen, n))).toEqual([true, true, true]);
    expect([1, 2, 3].map((n) => knowsSpan(seen, n))).toEqual([false, true, true]);
  });

  test("that are damaged are counted and do not keep the others from loading", async () => {
    const folder = await testFolder();
    const seenFolder = new SeenFolder(nodeDisk, folder, LIMITS);
    await seenFolder.save("0000000001", journalOf(1, 1), 0);
    await seenFolder.save("0000000002", journalOf(2, 1), 0);
    const path = join(folder, "0000000001.seen");
    const bytes = await readFile(path);
    bytes[33] = (bytes[33] as number) ^ 1;
    await writeFile(path, bytes);
    await writeFile(join(folder, "0000000003.seen"), "");
    await writeFile(join(folder, "0000000004.seen.part"), "cut off");
    const { seen, damaged } = await reload(folder, 0);
    expect(damaged).toBe(2);
    expect([1, 2].map((n) => knowsRequest(seen, n))).toEqual([false, true]);
  });

  test("hold any number of requests and spans", () => {
    const journal = new SeenJournal();
    for (let n = 0; n < 1000; n += 1) {
      const spanHashes = Uint32Array.from({ length: (n % 7) * 2 }, (_, word) => n * 100 + word);
      journal.add(recordOf([String(n)], { spanHashes }));
    }
    const decoded = SeenJournal.decode(journal.encode());
    expect(decoded?.requestCount).toBe(1000);
    expect(decoded?.spanCount).toBe(journal.spanCount);
    expect(decoded?.encode().equals(journal.encode())).toBe(true);
  });
});
