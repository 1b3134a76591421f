import { afterEach, beforeEach, expect, test } from "vitest";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { json, startProviderServer } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";

let provider: ProviderServer;
beforeEach(async () => {
  provider = await startProviderServer();
});
afterEach(() => provider.stop());

const USAGE = { type: "tokens", input_tokens: 14, output_tokens: 45, total_tokens: 59 };

function recording(): FormData {
  const form = new FormData();
  form.set("file", new Blob(["sound"], { type: "audio/wav" }), "a.wav");
  form.set("model", "whisper-1");
  return form;
}

test("a form arrives whole, as often as it is sent, and its call has the model", async () => {
  provider.answer = json({ text: "Hi", usage: USAGE });
  const spans = recordSpans();
  const observed = wrapFetch(fetch, { tracer: spans.tracer });
  const body = recording();
  for (const times of [1, 2]) {
    const url = `${provider.url}/v1/audio/transcriptions`;
    const response = await observed(url, { method: "POST", body });
    expect(await response.json()).toEqual({ text: "Hi", usage: USAGE });
    const span = await spans.last(times);
    expect(span.name).toBe("transcription whisper-1");
    expect(span.attributes).toMatchObject({
      "gen_ai.usage.input_tokens": 14,
      "gen_ai.usage.output_tokens": 45,
    });
  }
  for (const request of provider.requests) {
    expect(request.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/);
    expect(request.body).toContain("sound");
    expect(request.body).toContain("whisper-1");
  }
});

test("an upload in a Request object is not copied, and arrives whole", async () => {
  provider.answer = json({ text: "Hi", usage: USAGE });
  const spans = recordSpans();
  const observed = wrapFetch(fetch, { tracer: spans.tracer });
  const request = new Request(`${provider.url}/v1/audio/transcriptions`, {
    method: "POST",
    body: recording(),
  });
  Object.defineProperty(request, "clone", {
    value: () => {
      throw new Error("copied");
    },
  });
  expect((await observed(request)).status).toBe(200);
  expect(provider.requests[0]?.body).toContain("sound");
});

test("sound is no answer that could not be read", async () => {
  provider.answer = (_, response) => {
    response.writeHead(200, { "content-type": "audio/mpeg" }).end(Buffer.from([1, 2, 3]));
  };
  const spans = recordSpans();
  const observed = wrapFetch(fetch, { tracer: spans.tracer });
  const response = await observed(`${provider.url}/v1/audio/speech`, {
    method: "POST",
    body: JSON.stringify({ model: "tts-1", input: "Hi" }),
  });
  expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([1, 2, 3]);
  const { name, attributes } = await spans.last();
  expect(name).toBe("speech tts-1");
  expect(attributes["lensai.usage.source"]).toBe("missing");
  expect(attributes["lensai.observation.problem"]).toBeUndefined();
});

test("searches and the provider's own price are on the span", async () => {
  provider.answer = json({ usage: { prompt_tokens: 9, completion_tokens: 2, cost: 0.5 } });
  const spans = recordSpans();
  const observed = wrapFetch(fetch, { tracer: spans.tracer });
  const response = await observed(`${provider.url}/api/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({ model: "m", messages: [] }),
  });
  await response.text();
  expect((await spans.last()).attributes).toMatchObject({ "lensai.usage.cost_usd": 0.5 });
  provider.answer = json({
    usage: { input_tokens: 9, server_tool_use: { web_search_requests: 3 } },
  });
  await (
    await observed(`${provider.url}/v1/messages`, {
      method: "POST",
      body: JSON.stringify({ model: "m", max_tokens: 1, messages: [] }),
    })
  ).text();
  expect((await spans.last(2)).attributes).toMatchObject({ "lensai.usage.web_searches": 3 });
});
