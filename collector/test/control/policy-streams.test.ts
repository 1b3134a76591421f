import { PassThrough } from "node:stream";
import type { ServerResponse } from "node:http";
import { expect, test, vi } from "vitest";
import type { PolicyAnswer } from "../../src/control/policy-answers.ts";
import { PolicyStreams } from "../../src/control/policy-streams.ts";

/** A reader that reads nothing: what is written stays. */
function sleeper(): ServerResponse {
  return new PassThrough({ highWaterMark: 1 }) as unknown as ServerResponse;
}

let changes = 0;
const policy = (): PolicyAnswer => ({
  version: changes,
  json: "x".repeat(600_000),
  etag: `"${changes}"`,
});

test("a reader that does not read is cut off, and the others are not", async () => {
  const streams = new PolicyStreams();
  const [asleep, awake] = [sleeper(), sleeper()];
  (awake as unknown as PassThrough).resume();
  for (const response of [asleep, awake]) streams.add({ policy, response });
  for (changes = 1; changes < 5; changes += 1) {
    streams.publish();
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  expect([asleep.destroyed, awake.destroyed]).toEqual([true, false]);
  expect(streams.size).toBe(1);
  await streams.stop();
});

test("a large policy may take its time to be read, and a comment or a change meanwhile cuts nobody off", async () => {
  vi.useFakeTimers();
  const streams = new PolicyStreams();
  await streams.start();
  const large = { version: 1, json: "x".repeat(5_000_000), etag: '"1"' };
  let answer = large;
  const response = sleeper();
  streams.add({ policy: () => answer, response });
  vi.advanceTimersByTime(15_000);
  expect(response.destroyed).toBe(false);
  answer = { ...large, version: 2, etag: '"2"' };
  streams.publish();
  expect(response.destroyed).toBe(false);
  answer = { ...large, version: 3, etag: '"3"' };
  streams.publish();
  expect(response.destroyed).toBe(true);
  await streams.stop();
  vi.useRealTimers();
});

test("a comment keeps silent streams alive, and ends those that may not read any longer", async () => {
  vi.useFakeTimers();
  const streams = new PolicyStreams();
  await streams.start();
  let mayRead = true;
  const response = sleeper();
  streams.add({
    policy: () => {
      if (!mayRead) throw new Error("revoked");
      return { version: 1, json: "{}", etag: '"a"' };
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
  const answer = { version: 1, json: "{}", etag: '"a"' };
  for (let count = 0; count < 8192; count += 1) {
    streams.refuseWhileFull();
    streams.add({ policy: () => answer, response: sleeper() });
  }
  expect(() => streams.refuseWhileFull()).toThrow("poll instead");
  await streams.stop();
  expect(() => streams.refuseWhileFull()).toThrow("stopping");
});

test("a reader is told what says something else than before, and nothing else", async () => {
  const streams = new PolicyStreams();
  const response = sleeper();
  let answer = { version: 1, json: "{one}", etag: '"one"' };
  streams.add({ policy: () => answer, response });
  const read = (): string => String((response as unknown as PassThrough).read() ?? "");
  read();
  answer = { version: 2, json: "{one}", etag: '"one"' };
  streams.publish();
  expect(read()).toBe("");
  answer = { version: 3, json: "{two}", etag: '"two"' };
  streams.publish();
  expect(read()).toBe("event: policy\nid: 3\ndata: {two}\n\n");
  await streams.stop();
});
