import {
  BedrockRuntimeClient,
  ConverseCommand,
  ConverseStreamCommand,
} from "@aws-sdk/client-bedrock-runtime";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { instrumentHttp2 } from "../../src/http2/instrument-http2.ts";
import { eventStreamMessage } from "../support/event-stream.ts";
import { json, startProviderServer } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";

let provider: ProviderServer;
let spans: RecordedSpans;
let stop: () => void;
let client: BedrockRuntimeClient;
beforeEach(async () => {
  provider = await startProviderServer({ speaksHttp2: true });
  spans = recordSpans();
  stop = instrumentHttp2(new CallObserver(spans.tracer));
  client = new BedrockRuntimeClient({
    region: "eu-west-1",
    endpoint: provider.url,
    credentials: { accessKeyId: "id", secretAccessKey: "none" },
  });
});
afterEach(async () => {
  client.destroy();
  stop();
  await provider.stop();
});

const ASKED = {
  modelId: "anthropic.claude-haiku",
  messages: [{ role: "user" as const, content: [{ text: "Hi" }] }],
};
const USAGE = { inputTokens: 3, outputTokens: 9, totalTokens: 112, cacheReadInputTokens: 100 };
const COUNTED = {
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "aws.bedrock",
  "gen_ai.request.model": "anthropic.claude-haiku",
  "gen_ai.usage.input_tokens": 103,
  "gen_ai.usage.cache_read.input_tokens": 100,
  "gen_ai.usage.output_tokens": 9,
  "gen_ai.response.finish_reasons": ["end_turn"],
};

const event = (type: string, payload: unknown): Uint8Array =>
  eventStreamMessage(
    { ":message-type": "event", ":event-type": type, ":content-type": "application/json" },
    payload,
  );

/** As it is by default: it speaks HTTP/2. */
describe("AWS's SDK", () => {
  test("is observed when it converses", async () => {
    const message = { role: "assistant", content: [{ text: "Hello" }] };
    provider.answer = json({ output: { message }, stopReason: "end_turn", usage: USAGE });
    const { output } = await client.send(new ConverseCommand(ASKED));
    expect(output?.message).toEqual(message);
    expect((await spans.last()).attributes).toMatchObject(COUNTED);
  });

  test("is observed when it streams", async () => {
    const messages = [
      event("messageStart", { role: "assistant" }),
      event("contentBlockDelta", { contentBlockIndex: 0, delta: { text: "Hello" } }),
      event("messageStop", { stopReason: "end_turn" }),
      event("metadata", { usage: USAGE, metrics: { latencyMs: 1 } }),
    ];
    provider.answer = (_, response) => {
      response.writeHead(200, { "content-type": "application/vnd.amazon.eventstream" });
      for (const message of messages) response.write(message);
      response.end();
    };
    const { stream } = await client.send(new ConverseStreamCommand(ASKED));
    const kinds: string[] = [];
    for await (const each of stream ?? []) kinds.push(...Object.keys(each));
    expect(kinds).toEqual(["messageStart", "contentBlockDelta", "messageStop", "metadata"]);
    const { attributes } = await spans.last();
    expect(attributes).toMatchObject(COUNTED);
    expect(attributes["gen_ai.response.time_to_first_chunk"]).toBeGreaterThan(0);
  });

  test("has a span for each of its attempts, linked to the one before", async () => {
    const message = { role: "assistant", content: [{ text: "Hello" }] };
    const whole = json({ output: { message }, stopReason: "end_turn", usage: USAGE });
    const answers = [json({ message: "busy" }, 503), whole];
    provider.answer = (request, response) => answers.shift()?.(request, response);
    await client.send(new ConverseCommand(ASKED));
    const span = await spans.last(2);
    const [failed] = spans.all();
    expect(failed?.attributes["error.type"]).toBe("503");
    expect(failed?.attributes).not.toHaveProperty("http.request.resend_count");
    expect(span.attributes).toMatchObject({ ...COUNTED, "http.request.resend_count": 1 });
    expect(span.links.map((link) => link.context)).toEqual([failed?.spanContext()]);
  });
});
