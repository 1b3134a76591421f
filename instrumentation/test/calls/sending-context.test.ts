import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { observedFetch } from "../../src/fetch/wrap-fetch.ts";
import type { Fetch } from "../../src/fetch/fetch-request.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";

let spans: RecordedSpans;
beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());
beforeEach(() => {
  spans = recordSpans();
});

const ANSWER = { choices: [{ index: 0, finish_reason: "stop" }], usage: { prompt_tokens: 3 } };

async function call(send: () => void, tracer = spans.tracer): Promise<unknown> {
  const answer = Response.json(ANSWER);
  const inner: Fetch = async () => {
    send();
    return answer;
  };
  const calls = new CallObserver(tracer);
  const response = await observedFetch(
    inner,
    calls,
    {},
  )("https://api.openai.com/v1/embeddings", {
    method: "POST",
    body: JSON.stringify({ model: "text-embedding-3-small", input: "Hi" }),
  });
  await response.json();
  return response === answer ? "the answer itself" : "an observed answer";
}

describe("a request on its way", () => {
  test("does not wait for the start of its span, which begins when the call did", async () => {
    const started: number[] = [];
    const tracer = new Proxy(spans.tracer, {
      get: (of, key) => (key === "startSpan" ? counted : Reflect.get(of, key)) as unknown,
    });
    const counted: typeof tracer.startSpan = (...args) => {
      started.push(performance.now());
      return spans.tracer.startSpan(...args);
    };
    let sentMs = 0;
    await call(() => {
      expect(started).toEqual([]);
      sentMs = performance.timeOrigin + performance.now();
    }, tracer);
    const { startTime } = await spans.last();
    expect(started.length).toBe(1);
    expect(startTime[0] * 1000 + startTime[1] / 1e6).toBeLessThanOrEqual(sentMs);
  });

  test("is inside of its span for whoever looks", async () => {
    await call(() => {
      spans.other.startSpan("child").end();
      const deeper = context.active().setValue(Symbol("other"), 1);
      spans.other.startSpan("grandchild", {}, deeper).end();
    });
    await spans.last(3);
    const [child, grandchild, own] = spans.all();
    expect(child?.parentSpanContext?.spanId).toBe(own?.spanContext().spanId);
    expect(grandchild?.parentSpanContext?.spanId).toBe(own?.spanContext().spanId);
    expect(own?.name).toBe("embeddings text-embedding-3-small");
  });

  test("has no span when nobody wants it, and its answer is left alone", async () => {
    const exporter = new InMemorySpanExporter();
    const tracer = new TracerProvider({
      sampler: new AlwaysOffSampler(),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    }).getTracer("unsampled");
    const seen = await call(() => {
      expect(trace.getSpan(context.active())).toBeUndefined();
    }, tracer);
    expect(seen).toBe("the answer itself");
    expect(exporter.getFinishedSpans()).toEqual([]);
  });
});
