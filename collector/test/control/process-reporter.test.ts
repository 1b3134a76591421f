import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { ProcessRegister } from "../../src/control/process-register.ts";
import { ProcessReporter } from "../../src/control/process-reporter.ts";
import { startSnapshotServer } from "./snapshot-server.ts";
import type { SnapshotServer } from "./snapshot-server.ts";

let console: SnapshotServer;
let register: ProcessRegister;
let reporter: ProcessReporter;
let nowMs = 0;

beforeEach(async () => {
  console = await startSnapshotServer({});
  register = new ProcessRegister(
    () => nowMs,
    () => reporter.changed(),
  );
  reporter = new ProcessReporter({ url: console.url, token: undefined, register, gatheringMs: 1 });
  await reporter.start();
});
afterEach(async () => {
  await reporter.stop();
  console.stop();
});

const acknowledge = (instanceId: string, version = 1): void =>
  register.acknowledged("shop", { instanceId, serviceName: "s", version, heldMs: 0, runningMs: 0 });

const sizes = (): number[] => console.batches.map(({ processes }) => processes.length);

test("what comes at one moment goes together, in batches of bounded size", async () => {
  for (let count = 0; count < 1500; count += 1) acknowledge(`process-${count}`);
  await expect.poll(sizes).toEqual([1000, 500]);
  expect(console.batches.map(({ replacesEarlier }) => replacesEarlier)).toEqual([true, false]);
});

test("a process that acknowledges many versions at one moment is told of once", async () => {
  for (const version of [1, 3, 2]) acknowledge("one", version);
  await expect
    .poll(() => console.batches.flatMap(({ processes }) => processes))
    .toMatchObject([{ instanceId: "one", version: 3 }]);
});

test("what comes while a batch is on its way for long enough goes right after it", async () => {
  await reporter.stop();
  const gatheringMs = 3_600_000;
  reporter = new ProcessReporter({ url: console.url, token: undefined, register, gatheringMs });
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    acknowledge("first");
    vi.advanceTimersByTime(gatheringMs);
    acknowledge("second");
    vi.advanceTimersByTime(gatheringMs);
    await expect.poll(sizes).toEqual([1, 1]);
  } finally {
    vi.useRealTimers();
  }
});

test("who has not asked for a minute has gone, and is forgotten with the report of it", async () => {
  register.polled("shop", { instanceId: "poll:x", serviceName: "curl" }, 4);
  await expect.poll(sizes).toEqual([1]);
  nowMs += 60_001;
  register.sweep();
  await expect
    .poll(() => console.batches[1]?.processes)
    .toMatchObject([{ instanceId: "poll:x", version: 4, isConnected: false }]);
  expect(register.size).toBe(0);
});
