import { once } from "node:events";
import http from "node:http";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { BudgetTerms } from "@lensai/otel-config/control/budgets";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { Guard } from "../../src/guard/guard.ts";
import { refusalOf } from "../../src/guard/refusal-of.ts";
import { BudgetExceededError } from "../../src/guard/refusal.ts";
import { instrumentHttp } from "../../src/http/instrument-http.ts";
import { SentBody } from "../../src/node/sent-body.ts";
import { IN_THE_MONTH_MS, budgetTerms, policyWith } from "../support/policies.ts";
import { endless, json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

const INPUT_NANO = 2_500;
const OUTPUT_NANO = 10_000;
const REQUEST = { model: "gpt-4o", max_tokens: 5_000, messages: [] };

let provider: ProviderServer;
let spans: RecordedSpans;
let guard: Guard;
let restore: () => void;
beforeEach(async () => {
  provider = await startProviderServer();
  provider.answer = json({ usage: { prompt_tokens: 10, completion_tokens: 5 }, choices: [] });
  spans = recordSpans();
  guard = new Guard({ nowMs: () => IN_THE_MONTH_MS });
  restore = instrumentHttp(new CallObserver(spans.tracer, guard));
});
afterEach(async () => {
  restore();
  await provider.stop();
});

const limitTo = (limitNano: number, terms: Partial<BudgetTerms> = {}): void =>
  guard.apply(
    policyWith({ budgets: [budgetTerms({ limitNanoUsd: String(limitNano), ...terms })] }),
  );

const request = (options: http.RequestOptions = {}): ClientRequest =>
  http.request(`${provider.url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    ...options,
  });

async function answerOf(sent: ClientRequest): Promise<{ response: IncomingMessage; text: string }> {
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of response) text += String(chunk);
  return { response, text };
}

const body = JSON.stringify(REQUEST);

test("a request that is too long to be kept is held to the length that passed", () => {
  limitTo(1_000_000_000);
  const sent = new SentBody(10);
  const started = () =>
    new CallObserver(spans.tracer, guard).start({
      transport: "http",
      method: "POST",
      url: new URL("https://shop.openai.azure.com/openai/deployments/gpt-4o/chat/completions"),
      header: () => undefined,
      body: sent.text(),
      bodyLength: sent.length,
      isStoppable: true,
    });
  sent.add("more than is kept");
  expect(sent.text()).toBeUndefined();
  expect(started()?.refusal).toBeUndefined();
  sent.add("word ".repeat(1_000_000));
  expect(started()?.refusal).toBeInstanceOf(BudgetExceededError);
});

describe("a refused request of node:http", () => {
  const ways: Readonly<Record<string, (sent: ClientRequest) => void>> = {
    "with its body at the end": (sent) => void sent.end(body),
    "with its body before the end": (sent) => {
      sent.write(body);
      sent.end();
    },
    "with its length": (sent) => {
      sent.setHeader("content-length", Buffer.byteLength(body));
      sent.write(body.slice(0, 10));
      sent.end(body.slice(10));
    },
    "on a connection that stands": (sent) =>
      void sent.once("socket", () => setImmediate(() => sent.end(body))),
  };

  test.each(Object.entries(ways))(
    "%s is answered and not sent, and closes as others do",
    async (_, send) => {
      limitTo(1);
      const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
      const sent = request({ agent });
      const seen: string[] = [];
      for (const name of ["finish", "response", "error", "close"])
        sent.on(name, () => seen.push(name));
      const closed = once(sent, "close");
      send(sent);
      const { response, text } = await answerOf(sent);
      await closed;
      expect(seen).toEqual(["finish", "response", "close"]);
      expect(response.statusCode).toBe(402);
      expect(response.headers["x-should-retry"]).toBe("false");
      expect(refusalOf(response)).toBeInstanceOf(BudgetExceededError);
      expect(refusalOf(JSON.parse(text))).toBeInstanceOf(BudgetExceededError);
      expect(provider.requests).toEqual([]);
      expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("refused");
      // The agent has its place free again.
      guard.apply(policyWith({}));
      const next = request({ agent });
      next.end(body);
      expect((await answerOf(next)).response.statusCode).toBe(200);
      agent.destroy();
    },
  );

  test("that nobody listens to ends by itself", async () => {
    limitTo(1);
    const sent = request();
    sent.end(body);
    await once(sent, "close");
    expect(provider.requests).toEqual([]);
  });
});

test("a clamped request of node:http is sent with the lower limit and its new length", async () => {
  limitTo(700 * OUTPUT_NANO, { clamp: true });
  const sent = request();
  sent.setHeader("content-length", Buffer.byteLength(body));
  sent.end(body);
  expect((await answerOf(sent)).response.statusCode).toBe(200);
  const [seen] = provider.requests;
  expect((JSON.parse(seen?.body ?? "") as { max_tokens: number }).max_tokens).toBeLessThan(700);
  expect(seen?.headers["content-length"]).toBe(String(seen?.body.length));
});

test("a request whose body has begun to go is refused, not clamped", async () => {
  limitTo(700 * OUTPUT_NANO, { clamp: true });
  const sent = request();
  sent.write(body);
  sent.end();
  expect((await answerOf(sent)).response.statusCode).toBe(402);
});

test("a metered stream of node:http ends where the money does, with the guard's error", async () => {
  limitTo(3_000 * OUTPUT_NANO);
  const chunk = sse({
    choices: [{ index: 0, delta: { content: "a few words of an answer ".repeat(40) } }],
  });
  let hasLeft = false;
  provider.answer = endless(chunk, () => {
    hasLeft = true;
  });
  const sent = request();
  sent.end(JSON.stringify({ ...REQUEST, stream: true, max_tokens: 100_000 }));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  let text = "";
  response.on("data", (bytes: Buffer) => {
    text += bytes.toString();
  });
  const [error] = (await once(response, "error")) as [Error];
  expect(error).toBeInstanceOf(BudgetExceededError);
  expect(text.split("words").length * 6).toBeLessThanOrEqual(3_000);
  await expect.poll(() => hasLeft).toBe(true);
  expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("cut_off");
});

test("a stream of node:http that is cut off is charged by the provider's count, if that had come", async () => {
  limitTo(2_600 * OUTPUT_NANO);
  const text = "a few words of an answer ".repeat(8);
  const part = sse({ choices: [{ index: 0, delta: { content: text } }] });
  const usage = { prompt_tokens: 10, completion_tokens: 1_000 };
  const end = sse({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
  const parts = Array.from({ length: 24 }, () => part);
  provider.answer = stream([...parts, end, sse({ choices: [], usage }), sse("[DONE]")]);
  const sent = request();
  sent.end(JSON.stringify({ ...REQUEST, stream: true, max_tokens: 9_000 }));
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.resume();
  const [error] = (await once(response, "error")) as [Error];
  expect(error).toBeInstanceOf(BudgetExceededError);
  const { attributes } = await spans.last();
  expect(attributes).toMatchObject({
    "lensai.budget.decision": "cut_off",
    "gen_ai.usage.output_tokens": 1_000,
    "lensai.budget.charged_nano_usd": 10 * INPUT_NANO + 1_000 * OUTPUT_NANO,
  });
});
