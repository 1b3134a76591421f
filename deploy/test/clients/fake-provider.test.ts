import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { crc32 } from "node:zlib";
import { startFakeProvider } from "../../clients/provider/fake-provider.ts";
import type { FakeProvider } from "../../clients/provider/fake-provider.ts";

let provider: FakeProvider;
beforeEach(async () => {
  provider = await startFakeProvider();
});
afterEach(() => provider.stop());

const post = (path: string, body: object, signal?: AbortSignal): Promise<Response> =>
  fetch(`${provider.url}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    ...(signal && { signal }),
  });
const chat = (content: string, more: object = {}): Promise<Response> =>
  post("/v1/chat/completions", {
    model: "gpt-4o-mini",
    messages: [{ role: "user", content }],
    ...more,
  });

/** One call per API; the answer's text must hold every count that the log has. */
const APIS = [
  ["/v1/chat/completions", { model: "gpt-4o-mini", messages: "{cached} {reasoning}" }],
  ["/v1/responses", { model: "gpt-4o-mini", input: "{cached} {reasoning}" }],
  ["/v1/embeddings", { model: "text-embedding-3-small", input: "words" }],
  ["/v1/images/generations", { model: "gpt-image-1", prompt: "words" }],
  ["/v1/audio/speech", { model: "gpt-4o-mini-tts", input: "words", stream_format: "sse" }],
  ["/v1/fim/completions", { model: "codestral-latest", prompt: "words" }],
  ["/v2/chat", { model: "command-a", messages: "words" }],
  ["/v2/embed", { model: "embed-v4.0", texts: ["words"] }],
  ["/api/chat", { model: "llama3.2", messages: "words" }],
  ["/api/embed", { model: "llama3.2", input: "words" }],
  ["/v1beta/models/gemini-embedding-001:embedContent", { content: "words" }],
  ["/model/amazon.titan-text-express-v1/invoke", { inputText: "words" }],
  ["/v1/messages", { model: "claude-haiku-4-5", messages: "{cached} {1h}" }],
  ["/v1beta/models/gemini-2.5-flash:generateContent", { contents: "{cached} {reasoning}" }],
  ["/model/anthropic.claude/converse", { messages: "{cached}" }],
  ["/model/anthropic.claude/invoke", { messages: "{cached} {1h}" }],
] as const;

describe("the log of the fake provider", () => {
  test.each(APIS)("holds what %s answered", async (path, body) => {
    const text = await (await post(path, body)).text();
    await provider.settled();
    const [call] = provider.calls();
    expect(call).toMatchObject({ status: 200, usage_on_wire: true });
    const numbers = new Set(text.match(/\d+/g)?.map(Number));
    const counts = Object.values(call?.usage_raw ?? {}).filter(
      (value) => typeof value === "number",
    );
    expect(counts.filter((count) => !numbers.has(count))).toEqual([]);
  });

  test("holds the texts of a form", async () => {
    const form = new FormData();
    form.set("file", new Blob(["sound"]), "a.wav");
    form.set("model", "gpt-4o-transcribe");
    const url = `${provider.url}/v1/audio/transcriptions`;
    const text = await (await fetch(url, { method: "POST", body: form })).text();
    await provider.settled();
    const [call] = provider.calls();
    expect(call).toMatchObject({ request_model: "gpt-4o-transcribe", usage_on_wire: true });
    expect(text).toContain(String(call?.usage?.input_total));
  });

  test("has no counts of what is charged by the search", async () => {
    await (await post("/v2/rerank", { model: "rerank-v3.5", query: "q", documents: [] })).text();
    await provider.settled();
    expect(provider.calls()[0]).toMatchObject({ usage: null, usage_on_wire: false });
  });

  test("has other counts for every call, and equal ones where equal ones are asked for", async () => {
    for (const words of ["one", "two", "{small}", "{small}"]) await chat(words);
    const inputs = provider.calls().map(({ usage }) => usage?.input_total);
    expect(new Set(inputs.slice(0, 2)).size).toBe(2);
    expect(inputs[2]).toBe(inputs[3]);
  });

  test("knows the retry of a refused call from a new call", async () => {
    const statuses: number[] = [];
    for (const words of ["{retried}", "{retried}", "{failing}"]) {
      statuses.push((await chat(words)).status);
    }
    expect(statuses).toEqual([429, 200, 500]);
    expect(provider.calls().map((call) => call.is_retry)).toEqual([false, true, false]);
  });

  test("says of a chat stream whether its usage was asked for", async () => {
    const plain = await (await chat("plain", { stream: true })).text();
    const counted = { stream: true, stream_options: { include_usage: true } };
    const withUsage = await (await chat("counted", counted)).text();
    expect(plain).not.toContain("prompt_tokens");
    expect(withUsage).toContain("prompt_tokens");
    await provider.settled();
    expect(provider.calls().map((call) => call.usage_on_wire)).toEqual([false, true]);
  });

  test("says of a stream that broke off who broke it, and that it is billed", async () => {
    const cut = await chat("{cut}", { stream: true });
    await expect(cut.text()).rejects.toThrow("terminated");
    const leave = new AbortController();
    const path = "/v1/chat/completions";
    const slow = await post(path, { stream: true, messages: "{slow}" }, leave.signal);
    await slow.body?.getReader().read();
    leave.abort();
    await provider.settled();
    const [first, second] = provider.calls();
    expect(first).toMatchObject({ server_cut: true, client_aborted: false, usage_on_wire: false });
    expect(second).toMatchObject({ server_cut: false, client_aborted: true, status: 200 });
    expect(second?.usage?.output_total).toBeGreaterThan(0);
  });
});

test("an AWS event stream has frames whose lengths and checksums hold", async () => {
  const response = await post("/model/anthropic.claude/converse-stream", { messages: "hello" });
  let rest = Buffer.from(await response.arrayBuffer());
  let frames = 0;
  for (; rest.length > 0; frames += 1) {
    const length = rest.readUInt32BE(0);
    expect(rest.readUInt32BE(8)).toBe(crc32(rest.subarray(0, 8)));
    expect(rest.readUInt32BE(length - 4)).toBe(crc32(rest.subarray(0, length - 4)));
    rest = rest.subarray(length);
  }
  expect(frames).toBeGreaterThan(4);
});
