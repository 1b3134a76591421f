import { once } from "node:events";
import { Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import * as undici8 from "undici";
import * as undici6 from "undici6";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { instrumentFetchFor } from "../../src/fetch/instrument-fetch.ts";
import { instrumentUndici } from "../../src/undici/instrument-undici.ts";
import { faultyTracer } from "../support/faulty-tracer.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

let provider: ProviderServer;
let spans: RecordedSpans;
let calls: CallObserver;
let stop: () => void;
beforeAll(() => context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable()));
afterAll(() => context.disable());
beforeEach(async () => {
  provider = await startProviderServer();
  spans = recordSpans();
  calls = new CallObserver(spans.tracer);
  stop = instrumentUndici(calls);
});
afterEach(async () => {
  stop();
  await provider.stop();
});

const BODY = JSON.stringify({ model: "gpt-4o", messages: [] });
const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const ANSWER = JSON.stringify({
  id: "chatcmpl-1",
  choices: [{ finish_reason: "stop" }],
  usage: USAGE,
});
const STREAM = [
  { id: "chatcmpl-1", choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] },
  { id: "chatcmpl-1", choices: [], usage: USAGE },
  "[DONE]",
].map(sse);
const COUNTED = {
  "gen_ai.request.model": "gpt-4o",
  "gen_ai.response.id": "chatcmpl-1",
  "gen_ai.usage.input_tokens": 10,
  "gen_ai.usage.output_tokens": 4,
};

const chatUrl = (): string => `${provider.url}/v1/chat/completions`;
type Undici = typeof undici8;

const WAYS: Readonly<Record<string, (undici: Undici) => Promise<string>>> = {
  request: async ({ request }) => {
    const { body } = await request(chatUrl(), { method: "POST", body: BODY });
    return body.text();
  },
  "request with parts of a body": async ({ request }) => {
    const parts = (function* () {
      yield Buffer.from(BODY.slice(0, 9));
      yield Buffer.from(BODY.slice(9));
    })();
    const { body } = await request(chatUrl(), { method: "POST", body: parts as never });
    return body.text();
  },
  stream: async (undici) => {
    const chunks: Buffer[] = [];
    await undici.stream(chatUrl(), { method: "POST", body: BODY }, () => {
      return new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(chunk);
          done();
        },
      });
    });
    return Buffer.concat(chunks).toString();
  },
  pipeline: async (undici) => {
    const piped = undici.pipeline(chatUrl(), { method: "POST" }, ({ body }) => body);
    piped.end(BODY);
    return text(piped);
  },
  fetch: async ({ fetch }) => (await fetch(chatUrl(), { method: "POST", body: BODY })).text(),
};
const VERSIONS: readonly (readonly [string, Undici])[] = [
  ["undici 8", undici8],
  ["undici 6", undici6 as unknown as Undici],
  // The copy that is built into Node has no more than this; nobody has wrapped it here.
  ["Node's fetch", { fetch: globalThis.fetch } as unknown as Undici],
];
const TABLE = VERSIONS.flatMap(([version, undici]) =>
  Object.entries(WAYS)
    .filter(([way]) => way in undici || way.startsWith("request"))
    .filter(([way]) => (undici.request === undefined ? way === "fetch" : true))
    .map(([way, make]) => [version, way, () => make(undici)] as const),
);

describe.each(TABLE)("%s, %s", (_version, _way, make) => {
  test("makes one span of a call", async () => {
    provider.answer = json(ANSWER);
    expect(await make()).toBe(ANSWER);
    expect(provider.requests[0]?.body).toBe(BODY);
    expect((await spans.last()).attributes).toMatchObject(COUNTED);
  });

  test("may have a stream for an answer", async () => {
    provider.answer = stream(STREAM);
    expect(await make()).toBe(STREAM.join(""));
    expect((await spans.last()).attributes).toMatchObject(COUNTED);
  });

  test("may have an answer that is cut", async () => {
    provider.answer = stream(STREAM.slice(0, 1), "cut");
    await expect(make()).rejects.toThrow(/terminated|other side closed/);
    const { attributes } = await spans.last();
    expect(attributes).toMatchObject({
      "error.type": "UND_ERR_SOCKET",
      "lensai.observation.problem": "stream_broken_off",
      "lensai.usage.source": "missing",
    });
  });
});

const post = (more: object = {}) =>
  undici8.request(chatUrl(), { method: "POST", body: BODY, ...more });

describe("a request of undici", () => {
  test("may have an answer that is compressed", async () => {
    provider.answer = (_, response) => {
      const headers = { "content-type": "application/json", "content-encoding": "gzip" };
      response.writeHead(200, headers).end(gzipSync(ANSWER));
    };
    const { body } = await post();
    expect((await body.bytes())[0]).toBe(0x1f);
    expect((await spans.last()).attributes).toMatchObject(COUNTED);
  });

  test("may have an answer that is not what its encoding says", async () => {
    provider.answer = (_, response) => {
      const headers = { "content-type": "application/json", "content-encoding": "gzip" };
      response.writeHead(200, headers);
      response.write(ANSWER);
      setImmediate(() => response.end(ANSWER));
    };
    const { body } = await post();
    expect(await body.text()).toBe(ANSWER + ANSWER);
    const { attributes } = await spans.last();
    expect(attributes["lensai.observation.problem"]).toBe("body_malformed");
  });

  test("that is refused is an error, and its answer can be read", async () => {
    provider.answer = json({ error: "busy" }, 429);
    const { body, statusCode } = await post();
    expect([statusCode, await body.json()]).toEqual([429, { error: "busy" }]);
    expect((await spans.last()).attributes["error.type"]).toBe("429");
  });

  test("that reaches nobody is an error", async () => {
    await provider.stop();
    await expect(post()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect((await spans.last()).attributes["error.type"]).toBe("ECONNREFUSED");
    provider = await startProviderServer();
  });

  test("that is no call of a model has no span", async () => {
    provider.answer = json({});
    await (await undici8.request(`${provider.url}/v1/models`)).body.text();
    await (await post({ body: "{}" })).body.text();
    expect(spans.all()).toEqual([]);
  });

  test("whose answer is left or aborted is no error, and marked", async () => {
    provider.answer = stream(STREAM.slice(0, 1), "never");
    const left = await post();
    for await (const chunk of left.body) {
      expect(String(chunk)).toBe(STREAM[0]);
      break;
    }
    const abort = new AbortController();
    const { body } = await post({ signal: abort.signal });
    body.once("data", () => abort.abort());
    await expect(body.text()).rejects.toMatchObject({ name: "AbortError" });
    await spans.last(2);
    for (const { attributes } of spans.all()) {
      expect(attributes).not.toHaveProperty("error.type");
      expect(attributes["lensai.observation.problem"]).toBe("stream_broken_off");
    }
  });
});

describe("dispatchers of the application", () => {
  test.each([
    ["an agent", () => new undici8.Agent()],
    ["a client", () => new undici8.Client(provider.url)],
    ["a pool", () => new undici8.Pool(provider.url)],
    ["a proxy", () => new undici8.ProxyAgent(provider.url)],
    [
      "interceptors",
      () => new undici8.Agent().compose(undici8.interceptors.dump(), undici8.interceptors.retry()),
    ],
  ])("are observed: %s", async (_, create) => {
    provider.answer = json(ANSWER);
    const dispatcher = create();
    const { body } = await post({ dispatcher });
    await body.text();
    const { attributes } = await spans.last();
    expect(attributes).toMatchObject({
      "gen_ai.request.model": "gpt-4o",
      "server.port": Number(new URL(provider.url).port),
    });
    await dispatcher.close();
  });

  test("that send nothing have no span", async () => {
    const dispatcher = new undici8.MockAgent();
    dispatcher
      .get(provider.url)
      .intercept({ path: "/v1/chat/completions", method: "POST" })
      .reply(200, { mocked: true });
    const { body } = await post({ dispatcher });
    expect(await body.json()).toEqual({ mocked: true });
    expect(spans.all()).toEqual([]);
  });

  test("with few connections keep each request in the trace that it was made in", async () => {
    provider.answer = json(ANSWER);
    const dispatcher = new undici8.Pool(provider.url, { connections: 1 });
    const parents = Array.from({ length: 4 }, () => spans.tracer.startSpan("parent"));
    await Promise.all(
      parents.map(async (parent) =>
        context.with(trace.setSpan(context.active(), parent), async () => {
          const { body } = await post({ dispatcher });
          await body.text();
        }),
      ),
    );
    await spans.last(4);
    expect(spans.all().map(({ parentSpanContext }) => parentSpanContext?.spanId)).toEqual(
      parents.map((parent) => parent.spanContext().spanId),
    );
    await dispatcher.close();
  });
});

const direct = async (): Promise<string> => (await post()).body.text();
const fetched = async (fetching: unknown = globalThis.fetch): Promise<string> => {
  const response = await (fetching as typeof fetch)(chatUrl(), { method: "POST", body: BODY });
  return response.text();
};

describe("the global fetch that is observed", () => {
  let restoreFetch: () => void;
  beforeEach(() => {
    restoreFetch = instrumentFetchFor(calls, {});
  });
  afterEach(() => restoreFetch());

  test("has no second span of the undici below", async () => {
    provider.answer = json(ANSWER);
    await fetched();
    await post().then(({ body }) => body.text());
    await spans.last(2);
    await fetched();
    await spans.last(3);
    expect(provider.requests.length).toBe(3);
  });

  test("has none either where requests wait for connections, beside others of the same address", async () => {
    provider.answer = json(ANSWER);
    const before = undici8.getGlobalDispatcher();
    const dispatcher = new undici8.Agent({ connections: 1 });
    undici8.setGlobalDispatcher(dispatcher);
    const ways = [fetched, direct, fetched, direct, fetched, () => fetched(undici8.fetch)];
    await Promise.all(ways.map((way) => way()));
    undici8.setGlobalDispatcher(before);
    await dispatcher.close();
    await spans.last(6);
    expect(provider.requests.length).toBe(6);
    for (const { attributes } of spans.all()) expect(attributes).toMatchObject(COUNTED);
  });
});

test("whatever breaks inside, the application gets its answer", async () => {
  provider.answer = stream(STREAM);
  stop();
  let fault = 0;
  let uses: number;
  do {
    fault += 1;
    const faulty = faultyTracer(spans.tracer, fault);
    const stopFaulty = instrumentUndici(new CallObserver(faulty.tracer));
    expect(await fetched(undici8.fetch)).toBe(STREAM.join(""));
    stopFaulty();
    uses = faulty.uses();
  } while (uses >= fault);
  // Starting, asking, describing and ending a span, and one time without a fault.
  expect(fault).toBe(5);
});

test("instrumenting twice makes one span, and stopping ends it", async () => {
  provider.answer = json(ANSWER);
  const again = instrumentUndici(calls);
  await (await post()).body.text();
  await spans.last();
  again();
  stop();
  const { body } = await post();
  body.resume();
  await once(body, "end");
  expect(spans.all().length).toBe(1);
});
