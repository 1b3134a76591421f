import { SpanKind, SpanStatusCode, context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { observedFetch, wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import type { Fetch } from "../../src/fetch/fetch-request.ts";
import { AfterDelivery } from "../../src/node/after-delivery.ts";
import { instrumentUndici } from "../../src/undici/instrument-undici.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

let provider: ProviderServer;
let spans: RecordedSpans;
let observed: Fetch;
let wrap: Observing["wrap"];
let stopObserving: () => void;

/** Observed alone, answers are read from their bodies; in a process with all of it, where their bytes pass. */
interface Observing {
  readonly wrap: (inner: Fetch) => Fetch;
  readonly stop: () => void;
}

const alone = ({ tracer }: RecordedSpans): Observing => ({
  wrap: (inner) => wrapFetch(inner, { tracer }),
  stop: () => {},
});

const withUndici = ({ tracer }: RecordedSpans): Observing => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const calls = new CallObserver(tracer, undefined, { later: new AfterDelivery().later });
  const stop = instrumentUndici(calls);
  return {
    wrap: (inner) => observedFetch(inner, calls, {}),
    stop: () => {
      stop();
      context.disable();
    },
  };
};

const CHAT = { model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] };
const STREAMED = { ...CHAT, stream: true, stream_options: { include_usage: true } };
const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const ANSWER = {
  id: "chatcmpl-1",
  model: "gpt-4o-2024-08-06",
  choices: [{ index: 0, message: { content: "Hello" }, finish_reason: "stop" }],
  usage: USAGE,
};
const chunk = (content: string, finish_reason: string | null = null) => ({
  id: "chatcmpl-1",
  choices: [{ index: 0, delta: { content }, finish_reason }],
});
const USAGE_CHUNK = { id: "chatcmpl-1", choices: [], usage: USAGE };
const STREAM = [chunk("Hel"), chunk("lo"), chunk("", "stop"), USAGE_CHUNK, "[DONE]"].map(sse);

const post = (body: unknown, more: RequestInit = {}, fetched = observed): Promise<Response> =>
  fetched(`${provider.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    ...more,
  });

const factsOf = (response: Response) => ({
  status: response.status,
  statusText: response.statusText,
  ok: response.ok,
  url: response.url,
  type: response.type,
  redirected: response.redirected,
  bodyUsed: response.bodyUsed,
  isResponse: response instanceof Response,
  headers: [...response.headers].filter(([name]) => name !== "date"),
  keys: Object.keys(response),
});

describe.each([
  ["alone", alone],
  ["with the requests that it sends", withUndici],
])("fetch, observed %s:", (_name, observe) => {
  beforeEach(async () => {
    provider = await startProviderServer();
    spans = recordSpans();
    ({ wrap, stop: stopObserving } = observe(spans));
    observed = wrap(fetch);
  });
  afterEach(async () => {
    stopObserving();
    await provider.stop();
  });

  describe("a call", () => {
    test("is one span in the words of the conventions", async () => {
      provider.answer = json(ANSWER);
      expect(await (await post({ ...CHAT, temperature: 0 })).json()).toEqual(ANSWER);
      const span = await spans.last();
      expect(span).toMatchObject({ name: "chat gpt-4o", kind: SpanKind.CLIENT });
      expect(span.status.code).toBe(SpanStatusCode.UNSET);
      expect(span.attributes).toEqual({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.request.temperature": 0,
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 4,
        "openai.api.type": "chat_completions",
        "server.address": "127.0.0.1",
        "server.port": Number(new URL(provider.url).port),
      });
    });

    test("of Anthropic has inclusive input, and cache writes by their time to live", async () => {
      const usage = {
        input_tokens: 30,
        cache_read_input_tokens: 1000,
        cache_creation_input_tokens: 300,
        cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
        output_tokens: 40,
        service_tier: "standard",
      };
      provider.answer = json({ id: "msg_1", stop_reason: "end_turn", usage });
      const body = JSON.stringify({ model: "claude", max_tokens: 9, messages: [] });
      await (await observed(`${provider.url}/v1/messages`, { method: "POST", body })).text();
      expect((await spans.last()).attributes).toMatchObject({
        "gen_ai.provider.name": "anthropic",
        "gen_ai.usage.input_tokens": 1330,
        "gen_ai.usage.cache_read.input_tokens": 1000,
        "gen_ai.usage.cache_write.input_tokens": 300,
        "anthropic.usage.cache_creation.ephemeral_5m_input_tokens": 200,
        "anthropic.usage.cache_creation.ephemeral_1h_input_tokens": 100,
        "gen_ai.usage.output_tokens": 40,
        "anthropic.response.service_tier": "standard",
      });
    });

    test.each([
      ["bytes", (body: string) => ({ body: new TextEncoder().encode(body) })],
      ["a buffer", (body: string) => ({ body: new TextEncoder().encode(body).buffer })],
    ])("with %s as its body is read too", async (_, init) => {
      provider.answer = json(ANSWER);
      await (await post(CHAT, init(JSON.stringify(CHAT)))).text();
      expect((await spans.last()).name).toBe("chat gpt-4o");
    });

    test("as a Request object is read too, and arrives whole", async () => {
      provider.answer = stream(STREAM);
      const body = JSON.stringify({ ...CHAT, stream: true });
      const request = new Request(`${provider.url}/v1/chat/completions`, {
        method: "POST",
        body,
        headers: { authorization: "Bearer k" },
      });
      const text = await (await observed(request)).text();
      expect(text).not.toContain("usage");
      expect(provider.requests[0]?.headers["authorization"]).toBe("Bearer k");
      expect((await spans.last()).attributes["gen_ai.usage.input_tokens"]).toBe(10);
    });

    test("that is sent again says how often it was sent before", async () => {
      provider.answer = json(ANSWER);
      await (await post(CHAT, { headers: { "x-stainless-retry-count": "2" } })).text();
      expect((await spans.last()).attributes["http.request.resend_count"]).toBe(2);
    });

    test("that is refused is an error with the status, and the answer is the same object", async () => {
      provider.answer = json({ error: { message: "slow down, jane@example.com" } }, 429);
      let answered: Response | undefined;
      const inner: Fetch = async (...args) => (answered = await fetch(...args));
      const response = await post(CHAT, {}, wrap(inner));
      expect(response).toBe(answered);
      const span = await spans.last();
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR });
      expect(span.attributes).toMatchObject({
        "error.type": "429",
        "http.response.status_code": 429,
      });
      expect(JSON.stringify(span.attributes)).not.toContain("jane");
    });

    test("that reaches nobody is an error with the code of its cause", async () => {
      await provider.stop();
      const failed = await post(CHAT).catch((error: unknown) => error);
      expect(failed).toMatchObject({ name: "TypeError", message: "fetch failed" });
      expect((await spans.last()).attributes["error.type"]).toBe("ECONNREFUSED");
      provider = await startProviderServer();
    });

    test("that is aborted before its answer is an AbortError, as without a span", async () => {
      provider.answer = () => {};
      const reason = new Error("no longer needed");
      const abort = new AbortController();
      const failed = post(CHAT, { signal: abort.signal }).catch((error: unknown) => error);
      await expect.poll(() => provider.requests.length).toBe(1);
      abort.abort(reason);
      expect(await failed).toBe(reason);
      expect((await spans.last()).status.code).toBe(SpanStatusCode.ERROR);
    });

    test.each([
      { problem: "body_malformed", type: "application/json", text: '{"usage": {"prompt' },
      { problem: "content_type_unknown", type: "text/plain", text: "hello" },
    ])("with an answer of $type that is not to be read says so", async (answer) => {
      const { problem, type, text } = answer;
      provider.answer = (_request, response) =>
        void response.writeHead(200, { "content-type": type }).end(text);
      expect(await (await post(CHAT)).text()).toBe(text);
      expect((await spans.last()).attributes).toMatchObject({
        "lensai.observation.problem": problem,
        "lensai.usage.source": "missing",
      });
    });
  });

  describe("what is no call of a model", () => {
    test("goes straight through, with the same object as its answer", async () => {
      let answered: Response | undefined;
      const inner: Fetch = async (...args) => (answered = await fetch(...args));
      const wrapped = wrap(inner);
      expect(await wrapped(`${provider.url}/v1/models`)).toBe(answered);
      expect(await wrapped(`${provider.url}/v1/messages`, { method: "POST", body: "{}" })).toBe(
        answered,
      );
      expect(spans.all()).toEqual([]);
    });

    test("fails as it failed before", async () => {
      for (const input of ["/relative", "http://", ""]) {
        const direct = await fetch(input).catch((error: unknown) => error);
        await expect(observed(input)).rejects.toEqual(direct);
      }
    });
  });

  describe("a stream", () => {
    test("has its usage and the time to its first chunk", async () => {
      provider.answer = stream(STREAM);
      expect(await (await post(STREAMED)).text()).toBe(STREAM.join(""));
      const { attributes } = await spans.last();
      expect(attributes).toMatchObject({
        "gen_ai.request.stream": true,
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 4,
      });
      expect(attributes["gen_ai.response.time_to_first_chunk"]).toBeGreaterThan(0);
    });

    test("is asked for usage when the caller did not, and shows nothing of it", async () => {
      provider.answer = stream(
        STREAM.map((event) => event.replace(/,"choices"/, ',"usage":null$&')),
      );
      const bare = [chunk("Hel"), chunk("lo"), chunk("", "stop"), "[DONE]"].map(sse).join("");
      expect(await (await post({ ...CHAT, stream: true })).text()).toBe(bare);
      expect(JSON.parse(provider.requests[0]?.body ?? "")).toEqual(STREAMED);
      expect((await spans.last()).attributes["gen_ai.usage.output_tokens"]).toBe(4);
    });

    test("is not asked for usage when that is switched off", async () => {
      provider.answer = stream(STREAM);
      const wrapped = wrapFetch(fetch, { tracer: spans.tracer, asksForStreamUsage: false });
      await (await post({ ...CHAT, stream: true }, {}, wrapped)).text();
      expect(JSON.parse(provider.requests[0]?.body ?? "")).toEqual({ ...CHAT, stream: true });
    });

    test("keeps a stated length right when usage is asked for", async () => {
      provider.answer = stream(STREAM);
      const body = JSON.stringify({ ...CHAT, stream: true });
      const headers = { "content-length": String(body.length) };
      await (await post({}, { body, headers })).text();
      expect(JSON.parse(provider.requests[0]?.body ?? "")).toEqual(STREAMED);
    });

    test("of a request that is signed is not changed", async () => {
      provider.answer = stream(STREAM);
      const headers = { authorization: "AWS4-HMAC-SHA256 Credential=x" };
      await (await post({ ...CHAT, stream: true }, { headers })).text();
      expect(JSON.parse(provider.requests[0]?.body ?? "")).toEqual({ ...CHAT, stream: true });
    });

    test("of a server that refuses the option is asked for as the caller asked, from then on", async () => {
      provider.answer = (request, response) => {
        if (!request.body.includes("stream_options"))
          return stream(STREAM.slice(0, 3))(request, response);
        json({ detail: "extra fields not permitted: stream_options" }, 422)(request, response);
      };
      for (const count of [2, 3]) {
        const response = await post({ ...CHAT, stream: true });
        expect(response.status).toBe(200);
        expect(await response.text()).toBe(STREAM.slice(0, 3).join(""));
        expect(provider.requests.length).toBe(count);
      }
      expect((await spans.last(2)).attributes["lensai.usage.source"]).toBe("missing");
    });

    test("of a request that is wrong for another reason is refused once, with the whole reason", async () => {
      provider.answer = json({ error: "no such model" }, 400);
      const response = await post({ ...CHAT, stream: true });
      expect(await response.json()).toEqual({ error: "no such model" });
      expect(provider.requests.length).toBe(1);
    });

    test("that is cut fails for its reader as without a span, and is marked", async () => {
      provider.answer = stream(STREAM.slice(0, 2), "cut");
      await expect((await post(STREAMED)).text()).rejects.toMatchObject({
        name: "TypeError",
        message: "terminated",
        cause: { code: "UND_ERR_SOCKET" },
      });
      const span = await spans.last();
      expect(span.status.code).toBe(SpanStatusCode.ERROR);
      expect(span.attributes).toMatchObject({
        "lensai.observation.problem": "stream_broken_off",
        "lensai.usage.source": "missing",
      });
      expect(span.attributes).not.toHaveProperty("gen_ai.usage.input_tokens");
    });

    test("of Anthropic that is cut keeps its input, and says that its output is a guess", async () => {
      const started = {
        type: "message_start",
        message: { id: "msg_1", usage: { input_tokens: 30, output_tokens: 2 } },
      };
      const delta = { type: "content_block_delta", delta: { text: "x".repeat(41) } };
      provider.answer = stream([sse(started), sse(delta)], "cut");
      const body = JSON.stringify({ model: "c", max_tokens: 9, messages: [], stream: true });
      const response = await observed(`${provider.url}/v1/messages`, { method: "POST", body });
      await response.text().catch(() => {});
      const { attributes } = await spans.last();
      expect(attributes).toMatchObject({
        "gen_ai.usage.input_tokens": 30,
        "lensai.usage.source": "estimated",
        "lensai.usage.estimated_output_tokens": 11,
      });
      expect(attributes).not.toHaveProperty("gen_ai.usage.output_tokens");
    });

    test("that its reader leaves is ended, and its connection with it", async () => {
      let isClosed = false;
      provider.answer = (request, response) => {
        response.on("close", () => {
          isClosed = true;
        });
        stream(STREAM.slice(0, 1), "never")(request, response);
      };
      const response = await post(STREAMED);
      for await (const bytes of response.body ?? []) {
        expect(bytes.length).toBeGreaterThan(0);
        break;
      }
      expect((await spans.last()).attributes["lensai.observation.problem"]).toBe(
        "stream_broken_off",
      );
      await expect.poll(() => isClosed).toBe(true);
    });

    test("that is aborted while nobody reads fails at once", async () => {
      provider.answer = stream(STREAM.slice(0, 1), "never");
      const abort = new AbortController();
      const response = await post(STREAMED, { signal: abort.signal });
      const reader = (response.body as ReadableStream).getReader();
      await reader.read();
      abort.abort();
      await expect(reader.closed).rejects.toMatchObject({ name: "AbortError" });
      expect((await spans.last()).attributes["error.type"]).toBe("AbortError");
    });
  });

  describe("an answer", () => {
    beforeEach(() => {
      provider.answer = stream(STREAM);
    });

    test("has the status, headers, url and type of the original", async () => {
      const [plain, watched] = [await post(STREAMED, {}, fetch), await post(STREAMED)];
      expect(factsOf(watched)).toEqual(factsOf(plain));
      expect(factsOf(watched.clone())).toEqual(factsOf(plain.clone()));
    });

    test("can be cloned, and both are whole", async () => {
      const response = await post(STREAMED);
      const clone = response.clone();
      expect(await clone.text()).toBe(STREAM.join(""));
      expect(await response.text()).toBe(STREAM.join(""));
      await spans.last();
    });

    test("can be read into memory of the reader's own", async () => {
      const reader = (await post(STREAMED)).body?.getReader({ mode: "byob" });
      const bytes: number[] = [];
      for (;;) {
        const { done, value } = (await reader?.read(new Uint8Array(7))) ?? { done: true };
        if (done) break;
        bytes.push(...value);
      }
      expect(Buffer.from(bytes).toString()).toBe(STREAM.join(""));
    });

    test("is read no faster than its reader reads", async () => {
      let pulled = 0;
      const body = new ReadableStream(
        {
          pull(controller) {
            pulled += 1;
            controller.enqueue(new TextEncoder().encode(sse(chunk("x"))));
          },
        },
        { highWaterMark: 0 },
      );
      const inner: Fetch = () =>
        Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
      const response = await post(STREAMED, {}, wrap(inner));
      const reader = (response.body as ReadableStream).getReader();
      await reader.read();
      await reader.read();
      expect(pulled).toBe(2);
      await reader.cancel();
    });

    test("keeps memory that is a part of something larger intact", async () => {
      const whole = new TextEncoder().encode(STREAM.join("").repeat(2));
      const half = whole.subarray(0, whole.length / 2);
      const body = new ReadableStream({
        start(controller) {
          controller.enqueue(half);
          controller.close();
        },
      });
      const inner: Fetch = () =>
        Promise.resolve(new Response(body, { headers: { "content-type": "text/event-stream" } }));
      const response = await post(STREAMED, {}, wrap(inner));
      expect(await response.text()).toBe(STREAM.join(""));
      expect(whole.length).toBe(STREAM.join("").length * 2);
    });
  });
});
