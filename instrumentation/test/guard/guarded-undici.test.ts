import { Readable } from "node:stream";
import * as undici8 from "undici";
import * as undici6 from "undici6";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { Guard } from "../../src/guard/guard.ts";
import { refusalOf } from "../../src/guard/refusal-of.ts";
import { KillSwitchError } from "../../src/guard/refusal.ts";
import { instrumentUndici } from "../../src/undici/instrument-undici.ts";
import { IN_THE_MONTH_MS, killSwitch, policyWith } from "../support/policies.ts";
import { json, startProviderServer } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";

let provider: ProviderServer;
let spans: RecordedSpans;
let guard: Guard;
let stop: () => void;
beforeEach(async () => {
  provider = await startProviderServer();
  provider.answer = json({ choices: [], usage: { prompt_tokens: 10, completion_tokens: 4 } });
  spans = recordSpans();
  guard = new Guard({ nowMs: () => IN_THE_MONTH_MS });
  guard.apply(policyWith({ killSwitches: [killSwitch()] }));
  stop = instrumentUndici(new CallObserver(spans.tracer, guard));
});
afterEach(async () => {
  stop();
  await provider.stop();
});

const chatUrl = (): string => `${provider.url}/v1/chat/completions`;
const body = JSON.stringify({ model: "gpt-4o", messages: [] });

describe.each([
  ["8", undici8],
  ["6", undici6 as unknown as typeof undici8],
])("undici %s", (_, undici) => {
  let dispatcher: undici8.Dispatcher;
  // The one that all copies share is of one of them.
  beforeEach(() => (dispatcher = new undici.Agent()));
  afterEach(() => dispatcher.close());

  test("answers a stopped request in place of the server, and sends nothing of it", async () => {
    const {
      statusCode,
      headers,
      body: answered,
    } = await undici.request(chatUrl(), { method: "POST", body, dispatcher });
    expect(statusCode).toBe(403);
    expect(headers["x-should-retry"]).toBe("false");
    expect(await answered.json()).toMatchObject({ error: { type: "kill_switch" } });
    expect(provider.requests).toEqual([]);
    expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("killed");
  });

  test("answers one that has a form to send as well", async () => {
    const form = new undici.FormData();
    form.set("model", "whisper-1");
    form.set("file", new Blob(["sound"]), "a.wav");
    const { statusCode } = await undici.request(`${provider.url}/v1/audio/transcriptions`, {
      method: "POST",
      body: form as never,
      dispatcher,
    });
    expect(statusCode).toBe(403);
    expect(provider.requests).toEqual([]);
  });

  test("leaves the connection to the requests that follow", async () => {
    const client = new undici.Client(provider.url, { pipelining: 1 });
    const ask = (path: string) => client.request({ path, method: "POST", body });
    const stopped = new URL(chatUrl()).pathname;
    const asked = [stopped, stopped, "/other", stopped].map(async (path) => {
      const answer = await ask(path);
      await answer.body.text();
      return answer.statusCode;
    });
    expect(await Promise.all(asked)).toEqual([403, 403, 200, 403]);
    expect(provider.requests.map(({ path }) => path)).toEqual(["/other"]);
    await client.close();
  });

  test("fails a stopped request that the application has ended with the application's reason", async () => {
    const reason = new Error("no longer wanted");
    const signal = AbortSignal.abort(reason);
    const asked = undici.request(chatUrl(), { method: "POST", body, signal, dispatcher });
    await expect(asked).rejects.toBe(reason);
    expect(provider.requests).toEqual([]);
  });

  test("is not tried again by undici's own agent for that", async () => {
    const retrying = new undici.RetryAgent(dispatcher);
    const asked = { method: "POST", body, dispatcher: retrying } as const;
    const { statusCode } = await undici.request(chatUrl(), asked);
    expect(statusCode).toBe(403);
    expect(spans.all()).toHaveLength(1);
  });

  test("says of a request that was known too late that it was only warned of", async () => {
    const sent = await undici.request(chatUrl(), {
      method: "POST",
      body: Readable.from([body]),
      dispatcher,
    });
    await sent.body.text();
    expect(provider.requests).toHaveLength(1);
    expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("warned");
  });

  test("sends nothing of its fetch either, where that is wrapped", async () => {
    const { fetch } = undici as unknown as { fetch: typeof globalThis.fetch };
    const response = await wrapFetch(fetch, { guard })(chatUrl(), { method: "POST", body });
    expect(refusalOf(response)).toBeInstanceOf(KillSwitchError);
    expect(provider.requests).toEqual([]);
  });
});
