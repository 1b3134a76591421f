import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ExportOutcome } from "../../src/export/export-outcome.ts";
import { SpanDelivery } from "../../src/export/span-delivery.ts";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { deliverTo, traced } from "../support/delivery.ts";
import type { Delivering } from "../support/delivery.ts";
import { startOtlpReceiver, status, taken } from "../support/otlp-receiver.ts";
import type { Answer, OtlpReceiver } from "../support/otlp-receiver.ts";
import { json, startProviderServer } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";

const CALLS = 36;

let provider: ProviderServer;
let receiver: OtlpReceiver;
beforeEach(async () => {
  provider = await startProviderServer();
  receiver = await startOtlpReceiver();
  provider.answer = json({ id: "chatcmpl-1", model: "gpt-4o-mini", choices: [], usage: {} });
});
afterEach(async () => {
  await provider.stop();
  await receiver.stop();
});

/** Makes calls of a model one after the other, as an application would; answers with what it got. */
async function makeCalls({ tracer }: Delivering): Promise<unknown[]> {
  const observed = wrapFetch(fetch, { tracer: () => tracer });
  const answers: unknown[] = [];
  for (let call = 0; call < CALLS; call += 1) {
    const response = await observed(`${provider.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ model: "gpt-4o-mini", messages: [] }),
    });
    answers.push(await response.json());
  }
  return answers;
}

const halfAnAnswer: Answer = (_, response) => {
  response.writeHead(200, { "content-length": "100" });
  response.write("half");
};

const COLLECTORS: Readonly<Record<string, Answer>> = {
  "never answers": () => {},
  "stops in the middle of its answers": halfAnAnswer,
  "cuts its connections": (_, response) => void response.destroy(),
  "answers 500": status(500),
  "answers 503 and asks for a year": status(503, { "retry-after": "31536000" }),
  "answers 429 with a date that makes no sense": status(429, { "retry-after": "yesterday" }),
  "answers 200 with garbage": status(
    200,
    { "content-type": "application/x-protobuf" },
    "\u00FF\u00FFgarbage",
  ),
  "answers 200 with a page": status(200, { "content-type": "text/html" }, "<html>sign in</html>"),
  "answers 302": status(302, { location: "http://127.0.0.1:9/" }),
};

describe("an application whose collector", () => {
  test.each(Object.entries(COLLECTORS))("%s: gets what it gets without", async (_, answer) => {
    receiver.answer = answer;
    const running = deliverTo(receiver.url, { batchSpansMax: 8, queueSpansMax: 24 });
    const answers = await makeCalls(running);
    expect(answers).toEqual(Array.from({ length: CALLS }, () => answers[0]));
    expect(running.delivery.counts.made).toBe(CALLS);
    expect(running.accountedFor()).toBe(CALLS);
    expect(running.delivery.waiting).toBeLessThanOrEqual(24 + 8 + 8);
    await running.delivery.shutdown();
    expect(running.delivery.waiting).toBe(0);
    expect(running.accountedFor()).toBe(CALLS);
  });

  test("is not there: gets what it gets without", async () => {
    const running = deliverTo("http://127.0.0.1:9", { batchSpansMax: 8, queueSpansMax: 24 });
    await makeCalls(running);
    await running.delivery.shutdown();
    expect(running.delivery.counts.lost).toBe(CALLS);
  });

  test("comes back: gets rid of what waited", async () => {
    receiver.answer = status(503, { "retry-after": "0" });
    const running = deliverTo(receiver.url, { batchSpansMax: 8 });
    await makeCalls(running);
    receiver.answer = taken;
    await expect.poll(() => running.delivery.counts.delivered).toBe(CALLS - (CALLS % 8));
    await running.delivery.forceFlush();
    expect(running.delivery.counts).toMatchObject({ delivered: CALLS, lost: 0 });
  });
});

describe("an hour without a collector", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("fills the queue to its bound and no further; every span is counted", async () => {
    const bytesMax = 64 * 1024;
    const secondsMax = 3600;
    const callsPerSecond = 10;
    const attempts: number[] = [];
    let outcome: ExportOutcome = {
      kind: "retryable",
      errorType: "ECONNREFUSED",
      retryAfterMs: undefined,
    };
    const running = traced(
      new SpanDelivery({
        send() {
          attempts.push(Date.now());
          return Promise.resolve(outcome);
        },
        sendReport: undefined,
        spill: undefined,
        gzip: (bytes) => Promise.resolve(new Uint8Array(gzipSync(bytes, { level: 1 }))),
        batchSpansMax: 512,
        delayMs: 1000,
        spansMax: 1_000_000,
        bytesMax,
        random: () => 0.5,
        now: Date.now,
      }),
    );
    let mostBytes = 0;
    for (let second = 0; second < secondsMax; second += 1) {
      for (let call = 0; call < callsPerSecond; call += 1) running.make("chat gpt-4o-mini");
      await vi.advanceTimersByTimeAsync(1000);
      mostBytes = Math.max(mostBytes, running.delivery.queuedBytes);
    }
    const made = secondsMax * callsPerSecond;
    expect(running.delivery.counts.made).toBe(made);
    expect(running.accountedFor()).toBe(made);
    expect(mostBytes).toBeLessThan(bytesMax + 100_000);
    expect(running.delivery.counts.dropped.get("queue_full")).toBeGreaterThan(made / 10);
    // One attempt in half a minute once it is clear that nobody is there.
    expect(attempts.length).toBeLessThan(secondsMax / 20);

    outcome = { kind: "delivered", rejectedCount: 0 };
    const waited = running.delivery.waiting;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(running.delivery.counts.delivered).toBe(waited);
    expect(running.accountedFor()).toBe(made);
  });
});
