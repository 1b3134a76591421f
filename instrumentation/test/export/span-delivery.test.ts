import { resourceFromAttributes } from "@opentelemetry/resources";
import { SamplingDecision, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createSpanDelivery } from "../../src/export/create-span-delivery.ts";
import { readExportSettings } from "../../src/export/export-settings.ts";
import { deliverTo } from "../support/delivery.ts";
import { startOtlpReceiver, status, taken } from "../support/otlp-receiver.ts";
import type { OtlpReceiver } from "../support/otlp-receiver.ts";

let receiver: OtlpReceiver;
beforeEach(async () => {
  receiver = await startOtlpReceiver();
});
afterEach(() => receiver.stop());

const names = (): readonly string[] => receiver.requests.flatMap(({ spanNames }) => spanNames);
const traceRequests = (): number =>
  receiver.requests.filter(({ path }) => path === "/v1/traces").length;

const points = (): Readonly<Record<string, number>> =>
  Object.fromEntries(
    receiver.requests
      .flatMap(({ metricPoints }) => metricPoints)
      .map(({ name, attributes, value }) => [`${name} ${attributes["error.type"] ?? "-"}`, value]),
  );

describe("spans that have ended", () => {
  test("go to the receiver, compressed, one request for many", async () => {
    const { delivery, make } = deliverTo(receiver.url, { batchSpansMax: 512 });
    const made = Array.from({ length: 100 }, (_, index) => `span ${index}`);
    make(...made);
    await delivery.forceFlush();
    expect(names()).toEqual(made);
    expect(traceRequests()).toBe(1);
    expect(receiver.requests[0]?.headers["content-encoding"]).toBe("gzip");
    expect(delivery.counts).toMatchObject({ made: 100, delivered: 100, lost: 0 });
  });

  test("go without compression where the user wants none", async () => {
    const { delivery, make } = deliverTo(receiver.url, { isGzip: false });
    make("plain");
    await delivery.forceFlush();
    expect(names()).toEqual(["plain"]);
    expect(receiver.requests[0]?.headers["content-encoding"]).toBeUndefined();
  });

  test("go a while after the first of them without being asked", async () => {
    const { make } = deliverTo(receiver.url, { batchSpansMax: 512, delayMs: 10 });
    make("a", "b");
    await expect.poll(names).toEqual(["a", "b"]);
  });

  test("go at once when they fill a batch", async () => {
    const { make } = deliverTo(receiver.url, { batchSpansMax: 2, delayMs: 60_000 });
    make("a", "b", "c");
    await expect.poll(names).toEqual(["a", "b"]);
  });

  test("wait for what a detector still looks up about their process", async () => {
    const slow = Promise.withResolvers<string>();
    const delivery = createSpanDelivery({
      ...readExportSettings({}, () => {}),
      tracesUrl: `${receiver.url}/v1/traces`,
      isGzip: false,
    });
    const resource = resourceFromAttributes({ "service.name": slow.promise });
    const provider = new TracerProvider({ resource, spanProcessors: [delivery] });
    provider.getTracer("test").startSpan("early").end();
    const flushed = delivery.forceFlush();
    expect(receiver.requests).toEqual([]);
    slow.resolve("found out");
    await flushed;
    expect(names()).toEqual(["early"]);
    expect(String(receiver.requests[0]?.body)).toContain("found out");
  });

  test("that are not sampled do not go", async () => {
    const { delivery } = deliverTo(receiver.url);
    const provider = new TracerProvider({
      spanProcessors: [delivery],
      sampler: {
        shouldSample: () => ({ decision: SamplingDecision.RECORD }),
        toString: () => "records, does not sample",
      },
    });
    provider.getTracer("test").startSpan("unsampled").end();
    await delivery.forceFlush();
    expect(receiver.requests).toEqual([]);
    expect(delivery.counts.made).toBe(0);
  });

  test("that cannot be encoded are counted, and take no other with them", async () => {
    const { delivery, make, tracer } = deliverTo(receiver.url, { batchSpansMax: 3 });
    make("before");
    const poisonous = tracer.startSpan("poisonous");
    Object.assign(poisonous, { events: undefined });
    poisonous.end();
    make("after");
    await delivery.forceFlush();
    expect(names()).toEqual(["before", "after"]);
    expect(delivery.counts.dropped).toEqual(new Map([["encoding_failed", 1]]));
  });
});

describe("an outage", () => {
  test.each([429, 502, 503, 504])("status %d is waited out", async (code) => {
    receiver.answer = (...args) => {
      (traceRequests() < 3 ? status(code, { "retry-after": "0" }) : taken)(...args);
    };
    const { delivery, make } = deliverTo(receiver.url);
    make("late");
    await expect.poll(() => delivery.counts.delivered).toBe(1);
    expect(names()).toEqual(["late", "late", "late"]);
  });

  test("spans that a receiver refuses are lost, and counted by its answer", async () => {
    receiver.answer = status(400);
    const { delivery, make } = deliverTo(receiver.url);
    make("a", "b");
    await delivery.forceFlush();
    expect(delivery.counts.failed).toEqual(new Map([["400", 2]]));
  });

  test("spans that a receiver takes in part are counted in parts", async () => {
    // partial_success { rejected_spans: 2 }
    receiver.answer = (_, response) =>
      void response
        .writeHead(200, { "content-type": "application/x-protobuf" })
        .end(Buffer.from([10, 2, 8, 2]));
    const { delivery, make } = deliverTo(receiver.url, { batchSpansMax: 3 });
    make("a", "b", "c");
    await delivery.forceFlush();
    expect(delivery.counts).toMatchObject({ delivered: 1, failed: new Map([["rejected", 2]]) });
  });

  test("one batch that nobody takes does not hold up the others", async () => {
    receiver.answer = (received, response) => {
      const isPoison = received.spanNames.includes("poison");
      (isPoison ? status(503, { "retry-after": "0" }) : taken)(received, response);
    };
    const { delivery, make } = deliverTo(receiver.url);
    make("poison", "a", "b", "c");
    await expect.poll(() => delivery.counts.delivered).toBe(3);
    expect(delivery.waiting).toBe(1);
  });

  test("the queue keeps to its bound of spans: the oldest make room, and are counted", async () => {
    const { delivery, make } = deliverTo("http://127.0.0.1:9", { queueSpansMax: 3 });
    make("a", "b", "c", "d", "e");
    await expect.poll(() => delivery.counts.dropped.get("queue_full")).toBe(2);
    expect(delivery.waiting).toBe(3);
  });

  test("the queue keeps to its bound of bytes", async () => {
    const bytesMax = 20_000;
    const running = deliverTo("http://127.0.0.1:9", { queueBytesMax: bytesMax });
    for (let index = 0; index < 200; index += 1) running.make(`span ${index}`);
    await running.delivery.forceFlush();
    expect(running.delivery.queuedBytes).toBeLessThanOrEqual(bytesMax);
    expect(running.delivery.counts.lost).toBeGreaterThan(100);
    expect(running.accountedFor()).toBe(200);
  });

  test("what waits grows into whole batches instead of many small ones", async () => {
    const released = Promise.withResolvers<void>();
    receiver.answer = (received, response) => {
      void released.promise.then(() => taken(received, response));
    };
    const limits = { batchSpansMax: 100, delayMs: 1, timeoutMs: 30_000 };
    const { delivery, make } = deliverTo(receiver.url, limits);
    make("on its way");
    await expect.poll(traceRequests).toBe(1);
    const sentBytes = delivery.queuedBytes;
    make("waits");
    await expect.poll(() => delivery.queuedBytes).toBeGreaterThan(sentBytes);
    make("joins", "joins too");
    receiver.answer = taken;
    released.resolve();
    await expect.poll(() => delivery.counts.delivered).toBe(4);
    const batches = receiver.requests.map(({ spanNames }) => spanNames);
    expect(batches.filter(({ length }) => length > 0)).toEqual([
      ["on its way"],
      ["waits"],
      ["joins", "joins too"],
    ]);
  });

  test("a flush ends with the first attempt that fails", async () => {
    const { delivery, make } = deliverTo("http://127.0.0.1:9");
    make("a", "b", "c");
    await delivery.forceFlush();
    expect(delivery.counts.made).toBe(3);
    expect(delivery.waiting).toBe(3);
  });

  test("the end drops what cannot be delivered, and counts it", async () => {
    const { delivery, make } = deliverTo("http://127.0.0.1:9");
    make("a", "b");
    await delivery.shutdown();
    expect(delivery.counts.dropped).toEqual(new Map([["shutdown", 2]]));
    make("after the end");
    expect(delivery.counts.made).toBe(2);
  });
});

describe("the report", () => {
  test("says in metrics of the SDK what was delivered, refused and dropped", async () => {
    receiver.answer = (received, response) => {
      (received.spanNames.includes("bad") ? status(400) : taken)(received, response);
    };
    const { delivery, make } = deliverTo(receiver.url, { queueSpansMax: 4 });
    make("dropped", "dropped", "a", "b", "bad", "c");
    await delivery.forceFlush();
    expect(points()).toEqual({
      "otel.sdk.processor.span.processed -": 4,
      "otel.sdk.processor.span.processed queue_full": 2,
      "otel.sdk.exporter.span.exported -": 3,
      "otel.sdk.exporter.span.exported 400": 1,
    });
  });

  test("is not repeated while nothing is new", async () => {
    const { delivery, make } = deliverTo(receiver.url);
    make("a");
    await delivery.forceFlush();
    const sent = receiver.requests.length;
    await delivery.forceFlush();
    expect(receiver.requests.length).toBe(sent);
  });
});
