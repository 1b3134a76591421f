import { join } from "node:path";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { expect, onTestFinished, test, vi } from "vitest";
import type { LanderWorkerData } from "../../src/landing/lander-worker.ts";
import { LandingThread } from "../../src/landing/landing-thread.ts";
import { countSpanIds } from "./lake-rows.ts";
import { ids, once } from "./start-landing.ts";
import { testFolder } from "./test-folder.ts";
import { decodeIds, recordOf } from "./test-rows.ts";

function batchOf(from: number, count: number): RowBatch {
  const batch = new RowBatch(count);
  decodeIds(recordOf(ids(from, count)), batch);
  return batch;
}

test("a thread without work leaves, and the next batch lands in another", async () => {
  const lakeUrl = join(await testFolder(), "lake");
  const workerData: LanderWorkerData = { lakeUrl, store: {}, region: "local" };
  const entry = new URL("../../src/landing/lander-worker.ts", import.meta.url);
  const onTrouble = vi.fn<() => void>();
  const thread = new LandingThread({ entry, workerData, onTrouble, idleMs: 20 });
  onTestFinished(() => thread.stop());

  expect(await thread.land("first", 1_790_000_000_000, batchOf(1, 3))).toBe(3);
  expect(thread.isRunning).toBe(true);
  await expect.poll(() => thread.isRunning).toBe(false);
  expect(await thread.land("second", 1_790_000_001_000, batchOf(4, 2))).toBe(2);

  expect(onTrouble).not.toHaveBeenCalled();
  expect(await countSpanIds(lakeUrl)).toEqual(once(ids(1, 5)));
});

test("a thread at work does not leave, however long it takes", async () => {
  const lakeUrl = join(await testFolder(), "lake");
  const workerData: LanderWorkerData = { lakeUrl, store: {}, region: "local" };
  const entry = new URL("../../src/landing/lander-worker.ts", import.meta.url);
  const thread = new LandingThread({ entry, workerData, onTrouble: () => undefined, idleMs: 1 });
  onTestFinished(() => thread.stop());
  for (let n = 0; n < 5; n += 1) {
    expect(await thread.land(`batch-${n}`, 1_790_000_000_000, batchOf(n * 3, 3))).toBe(3);
  }
  expect(await countSpanIds(lakeUrl)).toEqual(once(ids(0, 15)));
});
