import { once } from "node:events";
import http, { request } from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import { gzipSync } from "node:zlib";
import { SpanStatusCode } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { instrumentHttp } from "../../src/http/instrument-http.ts";
import { eventStreamMessage } from "../support/event-stream.ts";
import { faultyTracer } from "../support/faulty-tracer.ts";
import { json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

let provider: ProviderServer;
let spans: RecordedSpans;
let stop: () => void;
beforeEach(async () => {
  provider = await startProviderServer();
  spans = recordSpans();
  stop = instrumentHttp(new CallObserver(spans.tracer));
});
afterEach(async () => {
  stop();
  await provider.stop();
});

const BODY = JSON.stringify({ model: "gpt-4o", messages: [] });
const USAGE = { prompt_tokens: 10, completion_tokens: 4, total_tokens: 14 };
const ANSWER = { id: "chatcmpl-1", choices: [{ index: 0, finish_reason: "stop" }], usage: USAGE };
const STREAM = [
  { id: "chatcmpl-1", choices: [{ index: 0, delta: { content: "Hi" }, finish_reason: "stop" }] },
  { id: "chatcmpl-1", choices: [], usage: USAGE },
  "[DONE]",
].map(sse);

function post(path = "/v1/chat/completions"): ClientRequest {
  return request(`${provider.url}${path}`, { method: "POST" });
}

async function responseOf(sent: ClientRequest): Promise<IncomingMessage> {
  return ((await once(sent, "response")) as [IncomingMessage])[0];
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

describe("a request of node:http", () => {
  test("that is a call of a model is a span", async () => {
    provider.answer = json(ANSWER);
    expect(await textOf(await responseOf(post().end(BODY)))).toBe(JSON.stringify(ANSWER));
    const span = await spans.last();
    expect(span.name).toBe("chat gpt-4o");
    expect(span.attributes).toMatchObject({
      "gen_ai.response.id": "chatcmpl-1",
      "gen_ai.usage.input_tokens": 10,
      "gen_ai.usage.output_tokens": 4,
    });
  });

  test("may be written in parts", async () => {
    provider.answer = json(ANSWER);
    const sent = post();
    sent.write(BODY.slice(0, 9));
    sent.write(Buffer.from(BODY.slice(9)).toString("base64"), "base64");
    sent.end();
    await textOf(await responseOf(sent));
    expect(provider.requests[0]?.body).toBe(BODY);
    expect((await spans.last()).name).toBe("chat gpt-4o");
  });

  test("may have an answer that is compressed", async () => {
    provider.answer = (_, response) => {
      const headers = { "content-type": "application/json", "content-encoding": "gzip" };
      response.writeHead(200, headers).end(gzipSync(JSON.stringify(ANSWER)));
    };
    const response = await responseOf(post().end(BODY));
    for await (const chunk of response) expect((chunk as Buffer)[0]).toBe(0x1f);
    expect((await spans.last()).attributes["gen_ai.usage.input_tokens"]).toBe(10);
  });

  test("may have a stream for an answer", async () => {
    provider.answer = stream(STREAM);
    expect(await textOf(await responseOf(post().end(BODY)))).toBe(STREAM.join(""));
    expect((await spans.last()).attributes["gen_ai.usage.output_tokens"]).toBe(4);
  });

  test("may have an event stream of Bedrock for an answer", async () => {
    const usage = { inputTokens: 3, outputTokens: 9, totalTokens: 112, cacheReadInputTokens: 100 };
    const messages = [
      eventStreamMessage({ ":event-type": "messageStop" }, { stopReason: "end_turn" }),
      eventStreamMessage({ ":event-type": "metadata" }, { usage }),
    ];
    provider.answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
      response.end(Buffer.concat(messages));
    };
    const path = "/model/anthropic.claude%3A0/converse-stream";
    await textOf(await responseOf(post(path).end(JSON.stringify({ messages: [] }))));
    const span = await spans.last();
    expect(span.name).toBe("chat anthropic.claude:0");
    expect(span.attributes).toMatchObject({
      "gen_ai.provider.name": "aws.bedrock",
      "gen_ai.usage.input_tokens": 103,
      "gen_ai.usage.cache_read.input_tokens": 100,
    });
  });

  test("that is no call of a model has none", async () => {
    provider.answer = json({});
    await textOf(await responseOf(post("/v1/other").end(BODY)));
    await textOf(await responseOf(http.get(`${provider.url}/v1/chat/completions`)));
    expect(spans.all()).toEqual([]);
  });

  test("that is refused is an error, and its answer can be read", async () => {
    provider.answer = json({ error: "busy" }, 429);
    expect(await textOf(await responseOf(post().end(BODY)))).toBe('{"error":"busy"}');
    expect((await spans.last()).attributes["error.type"]).toBe("429");
  });

  test("whose answer is cut fails as without a span, and is marked", async () => {
    provider.answer = stream(STREAM.slice(0, 1), "cut");
    const response = await responseOf(post().end(BODY));
    await expect(textOf(response)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect((await spans.last()).attributes).toMatchObject({
      "lensai.observation.problem": "stream_broken_off",
      "lensai.usage.source": "missing",
    });
  });

  test("that reaches nobody is an error, which is the application's to handle", async () => {
    await provider.stop();
    const sent = post();
    sent.end(BODY);
    const [error] = (await once(sent, "error")) as [Error & { code: string }];
    expect(error.code).toBe("ECONNREFUSED");
    expect(sent.listenerCount("error")).toBe(0);
    const span = await spans.last();
    expect(span.status.code).toBe(SpanStatusCode.ERROR);
    expect(span.attributes["error.type"]).toBe("ECONNREFUSED");
    provider = await startProviderServer();
  });

  test("whose answer nobody reads flows away as before, and its span ends", async () => {
    provider.answer = json(ANSWER);
    const sent = post();
    sent.end(BODY);
    await once(sent, "close");
    expect((await spans.last()).attributes["lensai.observation.problem"]).toBe("body_not_read");
  });
});

/** Of a known provider: by the name that it is called by. */
const openAi = (headers: http.OutgoingHttpHeaders = {}): ClientRequest =>
  request(`${provider.url}/v1/chat/completions`, {
    method: "POST",
    headers: { host: "api.openai.com", ...headers },
  });

describe("a chat stream without usage", () => {
  const STREAMED = JSON.stringify({ model: "gpt-4o", messages: [], stream: true });
  const ASKING = { ...(JSON.parse(STREAMED) as object), stream_options: { include_usage: true } };
  const [shown, , done] = STREAM;
  beforeEach(() => {
    provider.answer = stream(STREAM);
  });

  test("is asked for it when the body is written at once, and shows nothing of it", async () => {
    const sent = openAi({ "content-length": STREAMED.length, "accept-encoding": "gzip, br" });
    const response = await responseOf(sent.end(STREAMED));
    response.setEncoding("utf8");
    let text = "";
    for await (const part of response) text += part as string;
    expect(text).toBe(`${shown}${done}`);
    const [seen] = provider.requests;
    expect(JSON.parse(seen?.body ?? "")).toEqual(ASKING);
    expect(seen?.headers).toMatchObject({
      "content-length": String(JSON.stringify(ASKING).length),
      "accept-encoding": "identity",
    });
    expect((await spans.last()).attributes["gen_ai.usage.input_tokens"]).toBe(10);
  });

  test("that ends in the middle of an event loses nothing of it", async () => {
    const half = 'data: {"id":"chatcmpl-1"';
    provider.answer = stream([...STREAM.slice(0, 2), half]);
    expect(await textOf(await responseOf(openAi().end(STREAMED)))).toBe(`${shown}${half}`);
    await spans.last();
    expect(spans.all()).toHaveLength(1);
  });

  const signed = { "x-amz-content-sha256": "0" };
  test.each([
    ["is signed", () => openAi(signed).end(STREAMED)],
    ["is signed by AWS's algorithm", () => openAi({ authorization: "AWS4-x" }).end(STREAMED)],
    ["goes to a server that may refuse it", () => post().end(STREAMED)],
    [
      "is written in parts",
      () => {
        const sent = openAi();
        sent.write(STREAMED.slice(0, 9));
        return sent.end(STREAMED.slice(9));
      },
    ],
    [
      "is under way",
      () => {
        const sent = openAi();
        sent.flushHeaders();
        return sent.end(STREAMED);
      },
    ],
  ])("is left alone when the request %s", async (_, send) => {
    expect(await textOf(await responseOf(send()))).toBe(STREAM.join(""));
    expect(provider.requests[0]?.body).toBe(STREAMED);
    await spans.last();
  });

  test("that reports none and was not asked is marked", async () => {
    provider.answer = stream([shown ?? "", done ?? ""]);
    await textOf(await responseOf(openAi(signed).end(STREAMED)));
    expect((await spans.last()).attributes["lensai.usage.source"]).toBe("missing");
  });
});

test("whatever breaks inside, the application gets its answer", async () => {
  provider.answer = json(ANSWER);
  stop();
  let fault = 0;
  let uses: number;
  do {
    fault += 1;
    const faulty = faultyTracer(spans.tracer, fault);
    const stopFaulty = instrumentHttp(new CallObserver(faulty.tracer));
    const response = await responseOf(post().end(BODY));
    const closed = once(response, "close");
    expect(await textOf(response)).toBe(JSON.stringify(ANSWER));
    await closed;
    stopFaulty();
    uses = faulty.uses();
  } while (uses >= fault);
  // Starting, asking, describing and ending a span, and one time without a fault.
  expect(fault).toBe(5);
});

test("instrumenting twice makes one span, and stopping puts everything back", async () => {
  provider.answer = json(ANSWER);
  const again = instrumentHttp(new CallObserver(spans.tracer));
  await textOf(await responseOf(post().end(BODY)));
  await spans.last();
  again();
  stop();
  expect(Object.hasOwn(http.ClientRequest.prototype, "end")).toBe(false);
  await textOf(await responseOf(post().end(BODY)));
  expect(spans.all().length).toBe(1);
});
