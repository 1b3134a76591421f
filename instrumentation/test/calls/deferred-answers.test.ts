import { once } from "node:events";
import http from "node:http";
import type { IncomingMessage } from "node:http";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { context } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { request } from "undici";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { observedFetch } from "../../src/fetch/wrap-fetch.ts";
import { instrumentHttp } from "../../src/http/instrument-http.ts";
import { AfterDelivery } from "../../src/node/after-delivery.ts";
import { instrumentUndici } from "../../src/undici/instrument-undici.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

let provider: ProviderServer;
let spans: RecordedSpans;
let observed: typeof fetch;
let stop: () => void;
beforeEach(async () => {
  provider = await startProviderServer();
  spans = recordSpans();
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const calls = new CallObserver(spans.tracer, undefined, { later: new AfterDelivery().later });
  observed = observedFetch(fetch, calls, {});
  const ends = [instrumentUndici(calls), instrumentHttp(calls)];
  stop = () => {
    for (const end of ends) end();
    context.disable();
  };
});
afterEach(async () => {
  stop();
  await provider.stop();
});

type Get = (path: string) => Promise<string>;

const byFetch: Get = async (path) => (await observed(`${provider.url}${path}`)).text();
const byRequestObject: Get = async (path) =>
  (await observed(new Request(`${provider.url}${path}`))).text();
const byUndici: Get = async (path) => (await request(`${provider.url}${path}`)).body.text();
const byHttp: Get = async (path) => {
  const sent = http.get(`${provider.url}${path}`);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  return text(response);
};

const RESPONSE = {
  id: "resp_1",
  object: "response",
  background: true,
  created_at: 1_790_000_000,
  completed_at: 1_790_000_090,
  model: "gpt-5.4-2026-03-05",
  status: "completed",
  service_tier: "flex",
  usage: {
    input_tokens: 900,
    input_tokens_details: { cached_tokens: 512 },
    output_tokens: 80,
    output_tokens_details: { reasoning_tokens: 64 },
  },
};
const WAITING = { ...RESPONSE, status: "in_progress", usage: null, completed_at: null };

const message = (id: string) => ({
  id,
  type: "message",
  model: "claude-haiku-4-5-20251001",
  stop_reason: "end_turn",
  usage: { input_tokens: 7, output_tokens: 3, service_tier: "batch" },
});
const line = (id: string): string =>
  `${JSON.stringify({ custom_id: id, result: { type: "succeeded", message: message(id) } })}\n`;
const RESULTS = "/v1/messages/batches/msgbatch_1/results";

const lines =
  (body: string | Buffer, headers: http.OutgoingHttpHeaders = {}): ProviderServer["answer"] =>
  (_, response) => {
    response.writeHead(200, { "content-type": "application/octet-stream", ...headers }).end(body);
  };

/** Ids of what was told, when there is as much as that. */
async function told(count: number): Promise<unknown[]> {
  await spans.last(count);
  return spans.all().map(({ attributes }) => attributes["gen_ai.response.id"]);
}

describe.each([
  ["fetch", byFetch],
  ["fetch with a Request", byRequestObject],
  ["undici", byUndici],
  ["node:http", byHttp],
])("what is fetched by %s", (_, get) => {
  test("is a span of each answer, with the provider's own times, once", async () => {
    provider.answer = json(WAITING);
    await get("/v1/responses/resp_1");
    provider.answer = json(RESPONSE);
    expect(JSON.parse(await get("/v1/responses/resp_1"))).toEqual(RESPONSE);
    await get("/v1/responses/resp_1");
    const span = await spans.last(1);
    expect(span).toMatchObject({
      name: "chat gpt-5.4-2026-03-05",
      startTime: [1_790_000_000, 0],
      endTime: [1_790_000_090, 0],
    });
    expect(span.attributes).toMatchObject({
      "gen_ai.response.id": "resp_1",
      "gen_ai.response.model": "gpt-5.4-2026-03-05",
      "gen_ai.usage.input_tokens": 900,
      "gen_ai.usage.cache_read.input_tokens": 512,
      "gen_ai.usage.output_tokens": 80,
      "openai.response.service_tier": "flex",
      "lensai.answer.deferred": "background",
    });
  });

  test("is read line by line, also compressed", async () => {
    const body = Array.from({ length: 500 }, (__, at) => line(`msg_${at}`)).join("");
    provider.answer = lines(gzipSync(body), { "content-encoding": "gzip" });
    await get(RESULTS);
    expect(await told(500)).toEqual(Array.from({ length: 500 }, (__, at) => `msg_${at}`));
    expect(spans.all()[0]?.attributes).toMatchObject({
      "gen_ai.provider.name": "anthropic",
      "gen_ai.usage.input_tokens": 7,
      "anthropic.response.service_tier": "batch",
      "lensai.answer.deferred": "batch",
    });
  });
});

describe("a batch", () => {
  test("has the time at which it ended, when that was told", async () => {
    provider.answer = json({ id: "msgbatch_1", ended_at: "2026-09-21T14:13:20Z" });
    await byFetch("/v1/messages/batches/msgbatch_1");
    provider.answer = lines(line("msg_1"));
    await byFetch(RESULTS);
    expect(await spans.last(1)).toMatchObject({
      startTime: [1_790_000_000, 0],
      endTime: [1_790_000_000, 0],
    });
  });

  test("is read on when its first request has failed", async () => {
    const failed = { custom_id: "0", result: { type: "errored", error: {} } };
    provider.answer = (_, response) => {
      response.writeHead(200).write(`${JSON.stringify(failed)}\n`);
      setImmediate(() => setImmediate(() => response.end(line("msg_1"))));
    };
    await byFetch(RESULTS);
    expect(await told(1)).toEqual(["msg_1"]);
  });

  test("that breaks off is told as far as it came, and the rest when it is fetched again", async () => {
    provider.answer = (_, response) => {
      response.writeHead(200, { "content-length": "5000" });
      response.write(line("msg_1") + line("msg_2").slice(0, 20));
      setImmediate(() => setImmediate(() => response.destroy()));
    };
    await expect(byFetch(RESULTS)).rejects.toThrow("terminated");
    expect(await told(1)).toEqual(["msg_1"]);
    provider.answer = lines(line("msg_1") + line("msg_2"));
    await byFetch(RESULTS);
    expect(await told(2)).toEqual(["msg_1", "msg_2"]);
  });
});

test("an answer whose stream is fetched is told when it ends", async () => {
  const events = [
    { type: "response.in_progress", response: WAITING },
    { type: "response.output_text.delta", delta: "Hi" },
    { type: "response.completed", response: RESPONSE },
  ];
  provider.answer = stream(events.map(sse));
  await byFetch("/v1/responses/resp_1?stream=true&starting_after=4");
  expect(await told(1)).toEqual(["resp_1"]);
});

test("an interaction is told when it was seen unfinished before, and never else", async () => {
  const done = { id: "v1_1", status: "completed", usage: { total_input_tokens: 3 } };
  provider.answer = json(done);
  await byFetch("/v1beta/interactions/v1_1");
  provider.answer = json({ ...done, id: "v1_2", status: "in_progress", usage: undefined });
  await byFetch("/v1beta/interactions/v1_2");
  provider.answer = json({ ...done, id: "v1_2" });
  await byFetch("/v1beta/interactions/v1_2");
  expect(await told(1)).toEqual(["v1_2"]);
});

describe("what is no answer", () => {
  test.each([
    ["a refusal", json({ error: { message: "no such file" } }, 404)],
    ["a picture", lines(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0a, 0x1a, 0x0a]))],
    ["lines of something else", lines(`{"messages":[]}\n{"messages":[]}\n`)],
    ["a line behind something else", lines(`PNG\n${line("msg_1")}`)],
    ["half a document", json('{"id":"resp_1","background":tr')],
  ])("reaches the application as it is: %s", async (_, answer) => {
    provider.answer = answer;
    const plain = await (await fetch(`${provider.url}/v1/files/file-1/content`)).text();
    for (const get of [byFetch, byUndici, byHttp])
      expect(await get("/v1/files/file-1/content")).toBe(plain);
    for (const get of [byFetch, byUndici, byHttp]) await get(RESULTS);
    // An answer that comes after it is told: so would have been what came before.
    provider.answer = json({ ...RESPONSE, id: "resp_9" });
    await byFetch("/v1/responses/resp_9");
    expect(await told(1)).toEqual(["resp_9"]);
  });
});
