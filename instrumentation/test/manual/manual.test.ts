import { ROOT_CONTEXT, SpanStatusCode, context, propagation, trace } from "@opentelemetry/api";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace";
import { NodeSDK } from "@opentelemetry/sdk-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { withAttribution } from "../../src/manual/attribution.ts";
import { estimateCost } from "../../src/manual/estimate-cost.ts";
import { traceLlm } from "../../src/manual/trace-llm.ts";

const exporter = new InMemorySpanExporter();
const sdk = new NodeSDK({
  autoDetectResources: false,
  spanProcessors: [new SimpleSpanProcessor({ exporter })],
  metricReaders: [],
  logRecordProcessors: [],
});
beforeAll(() => sdk.start());
afterAll(() => sdk.shutdown());
beforeEach(() => exporter.reset());

const answer = (): Promise<Response> =>
  Promise.resolve(Response.json({ choices: [], usage: { prompt_tokens: 1 } }));
const observed = wrapFetch(answer);

async function call(): Promise<void> {
  const body = JSON.stringify({ model: "m", messages: [] });
  await (await observed("http://gateway/v1/chat/completions", { method: "POST", body })).text();
}

const spanOf = (name: string): ReadableSpan | undefined =>
  exporter.getFinishedSpans().find((span) => span.name === name);

async function* oneWord(): AsyncGenerator<string> {
  yield "one";
  throw new RangeError("secret");
}

describe("traceLlm", () => {
  test("is a span with the calls below it", async () => {
    await traceLlm("answer a ticket", call);
    const [workflow, chat] = [spanOf("invoke_workflow answer a ticket"), spanOf("chat m")];
    expect(workflow?.attributes).toMatchObject({
      "gen_ai.operation.name": "invoke_workflow",
      "gen_ai.workflow.name": "answer a ticket",
    });
    expect(chat?.parentSpanContext?.spanId).toBe(workflow?.spanContext().spanId);
  });

  test("gives back what the work gives back, and throws what it throws", async () => {
    const error = new RangeError("secret");
    const fail = (): never => {
      throw error;
    };
    expect(traceLlm("sync", () => 1)).toBe(1);
    expect(await traceLlm("async", () => Promise.resolve(2))).toBe(2);
    expect(() => traceLlm("thrown", fail)).toThrow(error);
    await expect(traceLlm("rejected", () => Promise.reject(error))).rejects.toBe(error);
    for (const name of ["thrown", "rejected"]) {
      const span = spanOf(`invoke_workflow ${name}`);
      expect(span?.status).toEqual({ code: SpanStatusCode.ERROR });
      expect(span?.attributes["error.type"]).toBe("RangeError");
    }
    expect(spanOf("invoke_workflow sync")?.status.code).toBe(SpanStatusCode.UNSET);
  });

  test("ends when the generator that it brings has been read, which works inside of it", async () => {
    const inside: (string | undefined)[] = [];
    async function* words(): AsyncGenerator<string> {
      yield "one";
      inside.push(trace.getActiveSpan()?.spanContext().spanId);
      await call();
      yield "two";
    }
    const generator = words();
    const traced = await traceLlm("stream", () => Promise.resolve(generator));
    expect(traced).toBe(generator);
    expect(spanOf("invoke_workflow stream")).toBeUndefined();
    const read: string[] = [];
    for await (const word of traced) read.push(word);
    const workflow = spanOf("invoke_workflow stream")?.spanContext().spanId;
    expect(read).toEqual(["one", "two"]);
    expect(inside).toEqual([workflow]);
    expect(spanOf("chat m")?.parentSpanContext?.spanId).toBe(workflow);
  });

  test("ends when the generator that it brings is left, or fails", async () => {
    for await (const word of traceLlm("left", oneWord)) {
      void word;
      break;
    }
    expect(spanOf("invoke_workflow left")?.status.code).toBe(SpanStatusCode.UNSET);
    const failing = traceLlm("failed", oneWord);
    await failing.next();
    await expect(failing.next()).rejects.toThrow("secret");
    expect(spanOf("invoke_workflow failed")?.attributes["error.type"]).toBe("RangeError");
  });

  test("leaves promises that do more than settle alone", () => {
    class LazyPromise extends Promise<number> {}
    const lazy = new LazyPromise(() => {});
    expect(traceLlm("lazy", () => lazy)).toBe(lazy);
  });
});

describe("withAttribution", () => {
  test("is on every call below, the innermost first", async () => {
    await withAttribution({ user: "u1", team: "support" }, async () => {
      await Promise.resolve();
      await withAttribution({ team: "sales", feature: "draft" }, call);
    });
    expect(spanOf("chat m")?.attributes).toMatchObject({
      "user.id": "u1",
      "lensai.team": "sales",
      "lensai.feature": "draft",
    });
  });

  test("knows what an earlier service said in baggage, and puts nothing there", async () => {
    const baggage = propagation.createBaggage({
      "lensai.team": { value: "support" },
      "user.id": { value: "u1" },
      other: { value: "x" },
    });
    await context.with(propagation.setBaggage(ROOT_CONTEXT, baggage), () =>
      withAttribution({ user: "u2" }, async () => {
        expect(propagation.getActiveBaggage()?.getEntry("user.id")?.value).toBe("u1");
        await call();
      }),
    );
    const attributes = spanOf("chat m")?.attributes;
    expect(attributes).toMatchObject({ "user.id": "u2", "lensai.team": "support" });
    expect(attributes).not.toHaveProperty("other");
  });

  test("ends with the work", async () => {
    withAttribution({ user: "u1" }, () => trace.getActiveSpan());
    await call();
    expect(spanOf("chat m")?.attributes).not.toHaveProperty("user.id");
  });
});

describe("estimateCost", () => {
  const at = new Date("2026-01-01");

  test("is the list price to the nano-dollar", () => {
    const usage = { inputTokens: 1000, outputTokens: 100, cacheReadTokens: 600 };
    // 400 x $0.15, 600 x $0.075 and 100 x $0.60 per million.
    expect(estimateCost({ provider: "openai", model: "gpt-4o-mini", at, ...usage })).toEqual({
      costNanoUsd: 165_000n,
    });
  });

  test("of a model that nobody knows is unknown, not 0", () => {
    const question = {
      provider: "openai",
      model: "no-such-model",
      inputTokens: 1,
      outputTokens: 1,
    };
    expect(estimateCost(question)).toEqual({ gap: "model" });
  });
});
