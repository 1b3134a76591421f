import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { lateObserver } from "../../src/calls/answer-observer.ts";
import { AfterDelivery } from "../../src/node/after-delivery.ts";
import type { CallSpan } from "../../src/spans/call-span.ts";

const span = { chunkArrived: () => {}, answerEnded: () => {} } as CallSpan;
const STREAMS = 10_000;
const STREAMS_PER_TURN = 100;
const CHUNK = new Uint8Array(16 * 1024);
const MIB = 1024 * 1024;

describe("an answer that is read later", () => {
  test("is held for no longer than a few turns of the event loop bring, however many there are", async () => {
    const afterDelivery = new AfterDelivery();
    const read = { bytes: 0, streams: 0 };
    const reading = {
      chunk: (chunk: Uint8Array) => ((read.bytes += chunk.length), chunk),
      end: () => void (read.streams += 1),
      fail: () => {},
      cancel: () => {},
    };
    let came = 0;
    let mostUnread = 0;
    let ends: (() => unknown)[] = [];
    for (let stream = 0; stream < STREAMS; stream += STREAMS_PER_TURN) {
      for (const end of ends) end();
      const observers = Array.from({ length: STREAMS_PER_TURN }, () =>
        lateObserver(span, () => reading, afterDelivery.later),
      );
      for (const { chunk } of observers) {
        for (let part = 0; part < 10; part += 1) came += chunk(CHUNK).length;
      }
      ends = observers.map(({ end }) => end);
      mostUnread = Math.max(mostUnread, came - read.bytes);
      await setImmediate();
    }
    for (const end of ends) end();
    afterDelivery.run();
    expect(read).toEqual({ bytes: came, streams: STREAMS });
    // Each turn brings 16 MiB; in 256 works of 64 KiB are as many.
    expect(mostUnread).toBeLessThan(64 * MIB);
  });

  test("is read by the length of its parts, not only by their number", () => {
    const works: (() => void)[] = [];
    const { chunk } = lateObserver(
      span,
      () => undefined,
      (work) => works.push(work),
    );
    for (let part = 0; part < 16; part += 1) chunk(CHUNK);
    expect(works.length).toBe(4);
  });

  test("is told in one piece what has come in parts", () => {
    const works: (() => void)[] = [];
    const told: Uint8Array[] = [];
    const reading = { chunk: (chunk: Uint8Array) => (told.push(chunk), chunk) };
    const { chunk } = lateObserver(
      span,
      () => ({ ...reading, end: () => undefined, fail: () => {}, cancel: () => {} }),
      (work) => works.push(work),
    );
    for (const part of ["It ", "is ", "done."]) chunk(Buffer.from(part));
    works[0]?.();
    expect(told.map((each) => Buffer.from(each).toString())).toEqual(["It is done."]);
  });
});
