import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { observedFetch } from "../../src/fetch/wrap-fetch.ts";
import type { Fetch } from "../../src/fetch/fetch-request.ts";
import { Guard } from "../../src/guard/guard.ts";
import { AlwaysOffSampler, TracerProvider } from "@opentelemetry/sdk-trace";
import { IN_THE_MONTH_MS, budgetTerms, policyWith } from "../support/policies.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

const KNOWN = "https://api.openai.com/v1/chat/completions";
const UNKNOWN = "https://shop.example/v1/chat/completions";
const CHAT = JSON.stringify({ model: "gpt-4o", messages: [{ role: "user", content: "Hi" }] });
const EARLIER = JSON.stringify({ model: "gpt-4o", messages: [] });
const STREAM = JSON.stringify({ ...(JSON.parse(CHAT) as object), stream: true });

let spans: RecordedSpans;
let parsed: () => number;
beforeEach(() => {
  spans = recordSpans();
  const parse = vi.spyOn(JSON, "parse");
  parsed = () => parse.mock.calls.filter(([text]) => text === CHAT || text === STREAM).length;
});
afterEach(() => void vi.restoreAllMocks());

/** How often the body had been parsed when the request was sent, by a process that has made calls before. */
async function parsedBeforeSent(body: string, guard?: Guard): Promise<number> {
  let before = -1;
  const inner: Fetch = async (_, init) => {
    if (init?.body !== EARLIER) before = parsed();
    return Response.json({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } });
  };
  const fetched = observedFetch(inner, new CallObserver(spans.tracer, guard), {});
  for (const sent of [EARLIER, body]) {
    const response = await fetched(KNOWN, { method: "POST", body: sent });
    await response.text();
  }
  await spans.last(2);
  return before;
}

describe("the body of a request", () => {
  test("is parsed when the request has been sent, once", async () => {
    expect(await parsedBeforeSent(CHAT)).toBe(0);
    expect(parsed()).toBe(1);
  });

  test("is parsed when it has been sent also where its usage is asked for", async () => {
    expect(await parsedBeforeSent(STREAM)).toBe(0);
    expect(parsed()).toBe(1);
  });

  test("is parsed before for a guard that decides, once", async () => {
    const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS });
    guard.apply(policyWith({ budgets: [budgetTerms({ limitNanoUsd: "1000000000" })] }));
    expect(await parsedBeforeSent(CHAT, guard)).toBe(1);
    expect(parsed()).toBe(1);
  });
});

test("a stream is not asked for its usage where nobody wants the spans of calls", async () => {
  const sent: unknown[] = [];
  const inner: Fetch = async (_, init) => {
    sent.push(init?.body);
    return new Response(sse("[DONE]"), { headers: { "content-type": "text/event-stream" } });
  };
  const nobody = new TracerProvider({ sampler: new AlwaysOffSampler() }).getTracer("unsampled");
  const fetched = observedFetch(inner, new CallObserver(nobody), {});
  for (const body of [CHAT, STREAM, STREAM]) {
    expect(await (await fetched(KNOWN, { method: "POST", body })).text()).toBe(sse("[DONE]"));
  }
  expect(sent).toEqual([CHAT, STREAM, STREAM]);
});

describe("a request that turns out to be no call when it has been sent", () => {
  const BODY = JSON.stringify({ room: 5 });

  test("gets the answer itself, and has no span", async () => {
    const answer = Response.json({ ok: true });
    const fetched = observedFetch(async () => answer, new CallObserver(spans.tracer), {});
    expect(await fetched(UNKNOWN, { method: "POST", body: BODY })).toBe(answer);
    expect(spans.all()).toEqual([]);
  });

  test.each([
    ["fails", async () => Promise.reject(new TypeError("fetch failed"))],
    ["is refused", async () => new Response("no", { status: 429 })],
  ] as const)("and %s, has no span either", async (_, inner) => {
    const fetched = observedFetch(inner, new CallObserver(spans.tracer), {});
    await fetched(UNKNOWN, { method: "POST", body: BODY }).catch(() => {});
    expect(spans.all()).toEqual([]);
  });
});
