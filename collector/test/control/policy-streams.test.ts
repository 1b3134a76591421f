import { PassThrough } from "node:stream";
import type { ServerResponse } from "node:http";
import { expect, test, vi } from "vitest";
import { PolicyStreams } from "../../src/control/policy-streams.ts";

/** A reader that reads nothing: what is written stays. */
function sleeper(): ServerResponse {
  return new PassThrough({ highWaterMark: 1 }) as unknown as ServerResponse;
}

const policyJson = (): { version: number; json: string } => ({
  version: 1,
  json: "x".repeat(600_000),
});

test("a reader that does not read is cut off, and the others are not", async () => {
  const streams = new PolicyStreams();
  const [asleep, awake] = [sleeper(), sleeper()];
  (awake as unknown as PassThrough).resume();
  for (const response of [asleep, awake]) streams.add({ policyJson, response });
  for (let change = 0; change < 4; change += 1) {
    streams.publish();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  expect([asleep.destroyed, awake.destroyed]).toEqual([true, false]);
  expect(streams.size).toBe(1);
  await streams.stop();
});

test("a comment keeps silent streams alive, and ends those that may not read any longer", async () => {
  vi.useFakeTimers();
  const streams = new PolicyStreams();
  await streams.start();
  let mayRead = true;
  const response = sleeper();
  streams.add({
    policyJson: () => {
      if (!mayRead) throw new Error("revoked");
      return { version: 1, json: "{}" };
    },
    response,
  });
  const read = (): string => String((response as unknown as PassThrough).read() ?? "");
  read();
  vi.advanceTimersByTime(15_000);
  expect(read()).toBe(":\n\n");
  mayRead = false;
  vi.advanceTimersByTime(15_000);
  expect(response.writableEnded).toBe(true);
  await streams.stop();
  vi.useRealTimers();
});

test("so many streams and no more", async () => {
  const streams = new PolicyStreams();
  const json = { version: 1, json: "{}" };
  for (let count = 0; count < 8192; count += 1) {
    streams.refuseWhileFull();
    streams.add({ policyJson: () => json, response: sleeper() });
  }
  expect(() => streams.refuseWhileFull()).toThrow("poll instead");
  await streams.stop();
  expect(() => streams.refuseWhileFull()).toThrow("stopping");
});
