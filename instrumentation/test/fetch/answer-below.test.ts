import { randomBytes } from "node:crypto";
import { brotliCompressSync, createGzip, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { Agent, fetch as fetchOfPackage } from "undici";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { observedFetch } from "../../src/fetch/wrap-fetch.ts";
import type { Fetch } from "../../src/fetch/fetch-request.ts";
import { AfterDelivery } from "../../src/node/after-delivery.ts";
import { instrumentUndici } from "../../src/undici/instrument-undici.ts";
import { withSpanOf } from "../support/other-instrumentation.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

let provider: ProviderServer;
let spans: RecordedSpans;
let afterDelivery: AfterDelivery;
let calls: CallObserver;
let stop: () => void;
beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());
beforeEach(async () => {
  provider = await startProviderServer();
  spans = recordSpans();
  afterDelivery = new AfterDelivery();
  calls = new CallObserver(spans.tracer, undefined, { later: afterDelivery.later });
  stop = instrumentUndici(calls);
});
afterEach(async () => {
  stop();
  await provider.stop();
});

/** Also tells the answer that fetch itself gave. */
async function ask(model: string, fetched: Fetch = fetch, more: object = {}) {
  const answers: Response[] = [];
  const inner: Fetch = async (...args) => {
    const response = await fetched(...args);
    answers.push(response);
    return response;
  };
  const body = JSON.stringify({ model, messages: [], ...more });
  const response = await observedFetch(
    inner,
    calls,
    {},
  )(`${provider.url}/v1/chat/completions`, { method: "POST", body });
  return { response, own: answers[0], text: await response.text() };
}

const answerOf = (tokens: number) => ({
  choices: [{ index: 0, message: { content: "Hi" }, finish_reason: "stop" }],
  usage: { prompt_tokens: tokens, completion_tokens: 1, total_tokens: tokens + 1 },
});

const encoded =
  (coding: string, body: Buffer): ProviderServer["answer"] =>
  (_, response) => {
    const headers = { "content-type": "application/json", "content-encoding": coding };
    response.writeHead(200, headers).end(body);
  };

const tokensByModel = (): Record<string, unknown> =>
  Object.fromEntries(
    spans
      .all()
      .map(({ attributes }) => [
        String(attributes["gen_ai.request.model"]),
        attributes["gen_ai.usage.input_tokens"],
      ]),
  );

describe("an answer whose bytes are seen below fetch", () => {
  test("is the very answer of fetch", async () => {
    provider.answer = json(answerOf(10));
    const { response, own, text } = await ask("gpt-4o");
    expect(response).toBe(own);
    expect(JSON.parse(text)).toEqual(answerOf(10));
    expect((await spans.last()).attributes["gen_ai.usage.input_tokens"]).toBe(10);
  });

  const codings: readonly (readonly [string, (text: string) => Buffer])[] = [
    ["gzip", gzipSync],
    ["deflate", deflateSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
  ];

  test.each(codings)("that comes as %s is so too, and read before a flush", async (name, coded) => {
    provider.answer = encoded(name, coded(JSON.stringify(answerOf(11))));
    const { response, own, text } = await ask("gpt-4o");
    expect(response).toBe(own);
    expect(JSON.parse(text)).toEqual(answerOf(11));
    afterDelivery.run();
    expect(tokensByModel()).toEqual({ "gpt-4o": 11 });
  });

  test("that is long and compressed is read as well", async () => {
    const padding = randomBytes(300_000).toString("base64");
    provider.answer = encoded("gzip", gzipSync(JSON.stringify({ padding, ...answerOf(15) })));
    await ask("gpt-4o");
    await spans.last();
    expect(tokensByModel()).toEqual({ "gpt-4o": 15 });
  });

  test("that is small and compressed a thousand times is read as well", async () => {
    const padding = " ".repeat(8_000_000);
    provider.answer = encoded("gzip", gzipSync(JSON.stringify({ padding, ...answerOf(16) })));
    await ask("gpt-4o");
    await spans.last();
    expect(tokensByModel()).toEqual({ "gpt-4o": 16 });
  });

  test("that is compressed and breaks off is told as far as it came", async () => {
    const delta = { id: "chatcmpl-1", choices: [{ index: 0, delta: { content: "Hi" } }] };
    const gzip = createGzip();
    gzip.write(sse(delta));
    const part = await new Promise<Buffer>((resolve) =>
      gzip.flush(() => resolve(gzip.read() as Buffer)),
    );
    provider.answer = (_, response) => {
      const headers = { "content-type": "text/event-stream", "content-encoding": "gzip" };
      response.writeHead(200, headers).write(part, () => response.destroy());
    };
    const usage = { stream: true, stream_options: { include_usage: true } };
    await expect(ask("gpt-4o", fetch, usage)).rejects.toThrow("terminated");
    const { attributes } = await spans.last();
    expect(attributes).toMatchObject({
      "gen_ai.response.id": "chatcmpl-1",
      "lensai.observation.problem": "stream_broken_off",
    });
  });

  test("that is not what it says it is fails for the application, and its span says so", async () => {
    provider.answer = encoded("gzip", Buffer.from(JSON.stringify(answerOf(10))));
    await expect(ask("gpt-4o")).rejects.toThrow("terminated");
    expect((await spans.last()).attributes["lensai.usage.source"]).toBe("missing");
  });

  test("that comes in several codings is read from its body", async () => {
    const text = JSON.stringify(answerOf(11));
    provider.answer = encoded("gzip, br", brotliCompressSync(gzipSync(text)));
    const { response, own, text: read } = await ask("gpt-4o");
    expect(response).not.toBe(own);
    expect(read).toBe(text);
    expect((await spans.last()).attributes["gen_ai.usage.input_tokens"]).toBe(11);
  });

  test("belongs to its own call when calls wait for one connection", async () => {
    provider.answer = ({ body }, response) => {
      const { model } = JSON.parse(body) as { model: string };
      const text = JSON.stringify(answerOf(Number(model.slice("m-".length))));
      response.writeHead(200, { "content-type": "application/json" }).end(text);
    };
    const dispatcher = new Agent({ connections: 1 });
    const fetched = ((url: string, init: object) =>
      fetchOfPackage(url, { ...init, dispatcher })) as unknown as Fetch;
    const models = Array.from({ length: 20 }, (_, index) => `m-${index + 1}`);
    await Promise.all(models.map((model) => ask(model, fetched)));
    await spans.last(models.length);
    const expected = models.map((model) => [model, Number(model.slice("m-".length))]);
    expect(tokensByModel()).toEqual(Object.fromEntries(expected));
    await dispatcher.close();
  });

  test("is the very answer of fetch also where the usage that was asked for is taken out of it", async () => {
    const delta = { choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] };
    const usage = { choices: [], usage: { prompt_tokens: 14, completion_tokens: 1 } };
    provider.answer = stream([sse({ ...delta, usage: null }), sse(usage), sse("[DONE]")]);
    const { response, own, text } = await ask("gpt-4o", fetch, { stream: true });
    expect(response).toBe(own);
    expect(text).toBe(sse(delta) + sse("[DONE]"));
    await spans.last();
    expect(tokensByModel()).toEqual({ "gpt-4o": 14 });
  });

  test("is whole where its last event has no end", async () => {
    const delta = { choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] };
    const last = sse(delta).trimEnd();
    provider.answer = stream([sse(delta), last]);
    expect((await ask("gpt-4o", fetch, { stream: true })).text).toBe(sse(delta) + last);
  });

  test("is on the span of another instrumentation before that ends with the call", async () => {
    provider.answer = json(answerOf(13));
    const attributes = { "gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o" };
    await withSpanOf(spans.other, attributes, () => ask("gpt-4o"));
    afterDelivery.run();
    expect(spans.all().map(({ name }) => name)).toEqual(["other"]);
    expect(tokensByModel()).toEqual({ "gpt-4o": 13 });
  });

  test("has its span before a flush, though describing it is put off", async () => {
    provider.answer = json(answerOf(12));
    await ask("gpt-4o");
    afterDelivery.run();
    expect(tokensByModel()).toEqual({ "gpt-4o": 12 });
  });
});
