import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import * as undici8 from "undici";
import * as undici6 from "undici6";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { Guard } from "../../src/guard/guard.ts";
import { refusalOf } from "../../src/guard/refusal-of.ts";
import { BudgetExceededError, KillSwitchError } from "../../src/guard/refusal.ts";
import { instrumentUndici } from "../../src/undici/instrument-undici.ts";
import { IN_THE_MONTH_MS, budgetTerms, killSwitch, policyWith } from "../support/policies.ts";
import { endless, json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { sse } from "../support/wire-call.ts";

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
/** Of gpt-4o, per token. */
const INPUT_NANO = 2_500;
const OUTPUT_NANO = 10_000;
const STREAMED = JSON.stringify({
  model: "gpt-4o",
  messages: [],
  stream: true,
  max_tokens: 100_000,
});
const WORDS = sse({
  choices: [{ index: 0, delta: { content: "a few words of an answer ".repeat(40) } }],
});

/** What the application read, and how that ended. */
async function read(chunks: AsyncIterable<Uint8Array>): Promise<{ text: string; error: unknown }> {
  let text = "";
  try {
    for await (const chunk of chunks) text += Buffer.from(chunk).toString();
  } catch (error) {
    return { text, error };
  }
  throw new Error("the stream ended as if it were whole");
}

describe.each([
  ["8", undici8],
  ["6", undici6 as unknown as typeof undici8],
])("undici %s", (_version, undici) => {
  let dispatcher: undici8.Dispatcher;
  // The one that all copies share is of one of them.
  beforeEach(() => (dispatcher = new undici.Agent()));
  afterEach(() => dispatcher.close());

  const request = (through: undici8.Dispatcher) =>
    undici.request(chatUrl(), { method: "POST", body: STREAMED, dispatcher: through });

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

  test.each([{}, { "content-length": String(STREAMED.length) }])(
    "sends a request that is clamped with the lower limit and its new length (%o)",
    async (headers) => {
      const limitNanoUsd = String(700 * OUTPUT_NANO);
      guard.apply(policyWith({ budgets: [budgetTerms({ limitNanoUsd, clamp: true })] }));
      const init = { method: "POST", body: STREAMED, headers, dispatcher } as const;
      const sent = await undici.request(chatUrl(), init);
      await sent.body.text();
      const [seen] = provider.requests;
      expect((JSON.parse(seen?.body ?? "") as { max_tokens: number }).max_tokens).toBeLessThan(700);
      expect(seen?.headers["content-length"]).toBe(String(seen?.body.length));
      expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("clamped");
    },
  );

  describe("a stream that costs more than there is", () => {
    let hasLeft: boolean;
    beforeEach(() => {
      hasLeft = false;
      const limitNanoUsd = String(3_000 * OUTPUT_NANO);
      guard.apply(policyWith({ budgets: [budgetTerms({ limitNanoUsd })] }));
      provider.answer = endless(WORDS, () => {
        hasLeft = true;
      });
    });

    async function expectCutOff({ text, error }: { text: string; error: unknown }): Promise<void> {
      expect(refusalOf(error)).toBeInstanceOf(BudgetExceededError);
      expect(text).toContain("words");
      expect(text.split("words").length * 6).toBeLessThanOrEqual(3_000);
      await expect.poll(() => hasLeft).toBe(true);
      expect((await spans.last()).attributes).toMatchObject({
        "lensai.budget.decision": "cut_off",
        "lensai.budget.cutoff": true,
      });
      expect(spans.all()).toHaveLength(1);
    }

    test("ends where the money does, with the guard's error", async () => {
      await expectCutOff(await read((await request(dispatcher)).body));
    });

    test("is not asked for again by undici's own agent for that", async () => {
      await expectCutOff(await read((await request(new undici.RetryAgent(dispatcher))).body));
      expect(provider.requests).toHaveLength(1);
    });

    test("ends also where its request was a stream", async () => {
      const streamed = Readable.from([STREAMED]);
      const init = { method: "POST", body: streamed, dispatcher } as const;
      const sent = await undici.request(chatUrl(), init);
      await expectCutOff(await read(sent.body));
    });

    test("ends undici's fetch in the same way, which wraps the error in its own", async () => {
      const { fetch } = undici as unknown as { fetch: typeof globalThis.fetch };
      const init = { method: "POST", body: STREAMED, dispatcher } as object;
      const response = await fetch(chatUrl(), init);
      await expectCutOff(await read(response.body as unknown as AsyncIterable<Uint8Array>));
    });

    test("that is compressed ends as well", async () => {
      provider.answer = (_asked, response) => {
        response.writeHead(200, {
          "content-type": "text/event-stream",
          "content-encoding": "gzip",
        });
        response.on("close", () => {
          hasLeft = true;
        });
        const zip = createGzip();
        zip.pipe(response);
        const write = (): void => {
          if (response.destroyed) return;
          zip.write(WORDS);
          zip.flush(() => setImmediate(write));
        };
        write();
      };
      const { error } = await read((await request(dispatcher)).body);
      expect(error).toBeInstanceOf(BudgetExceededError);
      await expect.poll(() => hasLeft).toBe(true);
    });

    test("leaves the others of its agent alone", async () => {
      const streaming = provider.answer;
      provider.answer = (asked, response) =>
        asked.path === "/other" ? json({ ok: true })(asked, response) : streaming(asked, response);
      const cut = read((await request(dispatcher)).body);
      const other = await undici.request(`${provider.url}/other`, { method: "POST", dispatcher });
      expect(await other.body.json()).toEqual({ ok: true });
      await expectCutOff(await cut);
    });
  });

  test("a stream that is paid for passes whole, and is charged what it cost", async () => {
    guard.apply(
      policyWith({ budgets: [budgetTerms({ limitNanoUsd: String(3_000 * OUTPUT_NANO) })] }),
    );
    const usage = { choices: [], usage: { prompt_tokens: 10, completion_tokens: 4 } };
    const last = { choices: [{ index: 0, delta: {}, finish_reason: "stop" }] };
    const events = [WORDS, sse(last), sse(usage), sse("[DONE]")];
    provider.answer = stream(events);
    const sent = await undici.request(chatUrl(), { method: "POST", body: STREAMED, dispatcher });
    expect(await sent.body.text()).toBe(events.join(""));
    expect((await spans.last()).attributes).toMatchObject({
      "lensai.budget.decision": "allowed",
      "lensai.budget.charged_nano_usd": 10 * INPUT_NANO + 4 * OUTPUT_NANO,
    });
  });
});
