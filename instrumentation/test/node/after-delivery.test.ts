import { spawn } from "node:child_process";
import { once } from "node:events";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { AfterDelivery } from "../../src/node/after-delivery.ts";

const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

const pass = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn += 1) await setImmediate();
};

describe("what is put off", () => {
  test("is not run in the turn that it is given in, and then in its order", async () => {
    const afterDelivery = new AfterDelivery();
    const done: number[] = [];
    for (const index of numbers(10)) afterDelivery.later(() => done.push(index));
    await setImmediate();
    expect(done).toEqual([]);
    await expect.poll(() => done.length).toBe(10);
    expect(done).toEqual(numbers(10));
  });

  test("is run with what others wait for, within a few turns", async () => {
    const afterDelivery = new AfterDelivery();
    const done: string[] = [];
    afterDelivery.later(() => done.push("later"));
    afterDelivery.soon(() => done.push("soon"));
    await pass(4);
    expect(done).toEqual(["later", "soon"]);
  });

  test("is run at once for a flush, with what it puts off itself", () => {
    const afterDelivery = new AfterDelivery();
    const done: string[] = [];
    afterDelivery.later(() => {
      done.push("first");
      afterDelivery.later(() => done.push("put off"));
      throw new Error("stays inside");
    });
    afterDelivery.later(() => done.push("second"));
    afterDelivery.run();
    expect(done).toEqual(["first", "second", "put off"]);
  });

  test("leaves the application its turns, however much it is", async () => {
    const afterDelivery = new AfterDelivery();
    const done: number[] = [];
    for (const index of numbers(10_000)) afterDelivery.soon(() => done.push(index));
    let turns = 0;
    while (done.length < 10_000) {
      await setImmediate();
      turns += 1;
    }
    expect(turns).toBeGreaterThan(5);
  });

  test("does not pile up while more comes in every turn", async () => {
    const afterDelivery = new AfterDelivery();
    let waiting = 0;
    let most = 0;
    for (let turn = 0; turn < 100; turn += 1) {
      for (let index = 0; index < 1_000; index += 1) {
        waiting += 1;
        afterDelivery.later(() => (waiting -= 1));
      }
      most = Math.max(most, waiting);
      await setImmediate();
    }
    expect(most).toBeLessThan(10_000);
  });

  test("keeps no process alive", async () => {
    const file = new URL("../../src/node/after-delivery.ts", import.meta.url).href;
    const program = `
      const { AfterDelivery } = await import(${JSON.stringify(file)});
      new AfterDelivery().later(() => console.log("was run"));`;
    const child = spawn(process.execPath, ["--no-warnings", "--input-type=module", "-e", program]);
    let output = "";
    child.stdout.on("data", (text: Buffer) => (output += text.toString()));
    const [code] = (await once(child, "close")) as [number];
    expect([code, output]).toEqual([0, ""]);
  });
});

describe("what is put off until a request waits for its provider", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  test("is run then, when a tenth of a second has passed, and not before", async () => {
    const afterDelivery = new AfterDelivery();
    let isDone = false;
    afterDelivery.later(() => (isDone = true));
    afterDelivery.sent();
    await pass(5);
    expect(isDone).toBe(false);
    vi.advanceTimersByTime(100);
    await pass(5);
    expect(isDone).toBe(false);
    afterDelivery.sent();
    await pass(5);
    expect(isDone).toBe(true);
  });

  test("is run without a request a tenth of a second later, each time", async () => {
    const afterDelivery = new AfterDelivery();
    let done = 0;
    for (let time = 1; time <= 3; time += 1) {
      afterDelivery.later(() => (done += 1));
      vi.advanceTimersByTime(200);
      await pass(5);
      expect(done).toBe(time);
    }
  });

  test("waits for the next request with what would meet the answer of this one", async () => {
    const afterDelivery = new AfterDelivery();
    let done = 0;
    const work = (): void => {
      const startMs = performance.now();
      while (performance.now() < startMs + 1);
      done += 1;
    };
    for (const _ of numbers(20)) afterDelivery.later(work);
    vi.advanceTimersByTime(100);
    for (const request of [1, 2, 3]) {
      afterDelivery.sent();
      await pass(50);
      expect(done).toBeGreaterThanOrEqual(request);
      expect(done).toBeLessThanOrEqual(2 * request);
    }
    vi.advanceTimersByTime(100);
    await pass(50);
    expect(done).toBe(20);
  });
});
