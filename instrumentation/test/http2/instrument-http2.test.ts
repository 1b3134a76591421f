import { once } from "node:events";
import http2, { connect } from "node:http2";
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from "node:http2";
import { text } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { H2CClient, request } from "undici";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { instrumentHttp2 } from "../../src/http2/instrument-http2.ts";
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
let session: ClientHttp2Session;
beforeEach(async () => {
  provider = await startProviderServer({ speaksHttp2: true });
  spans = recordSpans();
  calls = new CallObserver(spans.tracer);
  session = connect(provider.url);
  session.on("error", () => {});
  stop = instrumentHttp2(calls);
});
afterEach(async () => {
  session.destroy();
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
const COUNTED = {
  "gen_ai.response.id": "chatcmpl-1",
  "gen_ai.usage.input_tokens": 10,
  "gen_ai.usage.output_tokens": 4,
};
const PATH = "/v1/chat/completions";

const post = (path = PATH): ClientHttp2Stream =>
  session.request({ ":method": "POST", ":path": path, "content-type": "application/json" });

/** The stream of the server behind an answer, to do what HTTP/1.1 has no words for. */
const streamOf = (response: unknown): ServerHttp2Stream =>
  (response as { stream: ServerHttp2Stream }).stream;

describe("a request over HTTP/2", () => {
  test("that is a call of a model is a span", async () => {
    provider.answer = json(ANSWER);
    const sent = post();
    expect(await text(sent.end(BODY))).toBe(JSON.stringify(ANSWER));
    expect(provider.requests[0]?.body).toBe(BODY);
    const span = await spans.last();
    expect(span.name).toBe("chat gpt-4o");
    expect(span.attributes).toMatchObject({
      ...COUNTED,
      "server.address": "127.0.0.1",
      "server.port": Number(new URL(provider.url).port),
    });
  });

  test("may be written in parts", async () => {
    provider.answer = json(ANSWER);
    const sent = post();
    sent.write(BODY.slice(0, 9));
    sent.write(Buffer.from(BODY.slice(9)).toString("base64"), "base64");
    await text(sent.end());
    expect(provider.requests[0]?.body).toBe(BODY);
    expect((await spans.last()).name).toBe("chat gpt-4o");
  });

  test("may have a stream with trailers for an answer", async () => {
    provider.answer = (_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      for (const event of STREAM) response.write(event);
      response.addTrailers({ "x-checksum": "1" });
      response.end();
    };
    const sent = post();
    const trailers = once(sent, "trailers");
    expect(await text(sent.end(BODY))).toBe(STREAM.join(""));
    expect((await trailers)[0]).toMatchObject({ "x-checksum": "1" });
    expect((await spans.last()).attributes).toMatchObject(COUNTED);
  });

  test("may have an answer that is compressed", async () => {
    provider.answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" });
      response.end(gzipSync(JSON.stringify(ANSWER)));
    };
    await text(post().end(BODY));
    expect((await spans.last()).attributes).toMatchObject(COUNTED);
  });

  test("may be read before the head of its answer was seen", async () => {
    provider.answer = json(ANSWER);
    const sent = post();
    sent.resume();
    sent.end(BODY);
    await once(sent, "close");
    expect((await spans.last()).attributes).toMatchObject(COUNTED);
  });

  test("that is no call of a model has none", async () => {
    provider.answer = json({});
    await text(post("/v1/other").end(BODY));
    await text(post().end("{}"));
    await text(session.request({ ":path": PATH }));
    expect(spans.all()).toEqual([]);
  });

  test("that is refused is an error, and its answer can be read", async () => {
    provider.answer = json({ error: "busy" }, 429);
    expect(await text(post().end(BODY))).toBe('{"error":"busy"}');
    expect((await spans.last()).attributes["error.type"]).toBe("429");
  });

  test("whose answer is reset fails as without a span, and is marked", async () => {
    provider.answer = (_, response) => {
      stream(STREAM.slice(0, 1), "never")(_, response);
      setImmediate(() => streamOf(response).close(http2.constants.NGHTTP2_INTERNAL_ERROR));
    };
    const failed = text(post().end(BODY));
    await expect(failed).rejects.toMatchObject({ code: "ERR_HTTP2_STREAM_ERROR" });
    expect((await spans.last()).attributes).toMatchObject({
      "error.type": "ERR_HTTP2_STREAM_ERROR",
      "lensai.observation.problem": "stream_broken_off",
      "lensai.usage.source": "missing",
    });
  });

  test("that is refused before it is answered is an error of the application's to handle", async () => {
    provider.answer = (_, response) =>
      streamOf(response).close(http2.constants.NGHTTP2_REFUSED_STREAM);
    const sent = post();
    sent.end(BODY);
    await expect(once(sent, "response")).rejects.toMatchObject({ code: "ERR_HTTP2_STREAM_ERROR" });
    expect(sent.listenerCount("error")).toBe(0);
    expect((await spans.last()).attributes["error.type"]).toBe("ERR_HTTP2_STREAM_ERROR");
  });

  test("whose session goes away in the middle is an error, and marked", async () => {
    provider.answer = (_, response) => {
      stream(STREAM.slice(0, 1), "never")(_, response);
      setImmediate(() => {
        const { session: served } = streamOf(response);
        served?.goaway(http2.constants.NGHTTP2_ENHANCE_YOUR_CALM);
        served?.destroy();
      });
    };
    await expect(text(post().end(BODY))).rejects.toMatchObject({ code: /ERR_HTTP2|ECONNRESET/ });
    expect((await spans.last()).attributes["lensai.observation.problem"]).toBe("stream_broken_off");
  });

  test("that is finished by a server that takes no more has its counts", async () => {
    provider.answer = (_, response) => {
      streamOf(response).session?.goaway();
      json(ANSWER)(_, response);
    };
    await text(post().end(BODY));
    expect((await spans.last()).attributes).toMatchObject(COUNTED);
  });

  test("whose answer is left is no error, and marked", async () => {
    provider.answer = stream(STREAM.slice(0, 1), "never");
    const sent = post();
    sent.end(BODY);
    await once(sent, "data");
    sent.close(http2.constants.NGHTTP2_CANCEL);
    const { attributes } = await spans.last();
    expect(attributes).not.toHaveProperty("error.type");
    expect(attributes["lensai.observation.problem"]).toBe("stream_broken_off");
  });

  test("of undici is one span, and its own", async () => {
    const stopUndici = instrumentUndici(calls);
    provider.answer = json(ANSWER);
    const dispatcher = new H2CClient(provider.url);
    const { body } = await request(`${provider.url}${PATH}`, {
      method: "POST",
      body: BODY,
      dispatcher,
    });
    await body.text();
    await dispatcher.close();
    stopUndici();
    await text(post().end(BODY));
    await spans.last(2);
    for (const { attributes } of spans.all()) expect(attributes).toMatchObject(COUNTED);
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
    const stopFaulty = instrumentHttp2(new CallObserver(faulty.tracer));
    const sent = post();
    const closed = once(sent, "close");
    expect(await text(sent.end(BODY))).toBe(JSON.stringify(ANSWER));
    await closed;
    stopFaulty();
    uses = faulty.uses();
  } while (uses >= fault);
  // Starting, asking, describing and ending a span, and one time without a fault.
  expect(fault).toBe(5);
});

test("instrumenting twice makes one span, and stopping ends it", async () => {
  provider.answer = json(ANSWER);
  const again = instrumentHttp2(calls);
  await text(post().end(BODY));
  await spans.last();
  again();
  stop();
  await text(post().end(BODY));
  expect(spans.all().length).toBe(1);
});
