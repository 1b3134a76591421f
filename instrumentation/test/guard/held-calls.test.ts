import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import { text } from "node:stream/consumers";
import * as undici8 from "undici";
import * as undici6 from "undici6";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CallObserver } from "../../src/calls/call-observer.ts";
import { instrumentFetchFor } from "../../src/fetch/instrument-fetch.ts";
import { Guard } from "../../src/guard/guard.ts";
import { instrumentHttp } from "../../src/http/instrument-http.ts";
import { instrumentHttp2 } from "../../src/http2/instrument-http2.ts";
import { instrumentUndici } from "../../src/undici/instrument-undici.ts";
import { IN_THE_MONTH_MS, budgetTerms, policyWith } from "../support/policies.ts";
import { json, startProviderServer } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import type { RecordedSpans } from "../support/recorded-spans.ts";
import { SlowLedger } from "../support/slow-ledger.ts";

const OUTPUT_NANO = 10_000;
const BODY = JSON.stringify({ model: "gpt-4o", max_tokens: 5_000, messages: [] });
const PATH = "/v1/chat/completions";
const ANSWER = { usage: { prompt_tokens: 10, completion_tokens: 5 }, choices: [] };
/** What a lease has at first is less than the call may cost, and this is enough. */
const FIRST_NANO = 1_000 * OUTPUT_NANO;
const ENOUGH_NANO = 20_000 * OUTPUT_NANO;

interface Answered {
  readonly status: number;
  readonly body: string;
}

/** Asks once; `signal` ends the request as its applications do. */
type Ask = (url: string, signal?: AbortSignal) => Promise<Answered>;

interface Transport {
  readonly observe: (calls: CallObserver) => () => void;
  readonly ask: Ask;
  readonly speaksHttp2?: boolean;
}

const askByHttp =
  (send: (request: http.ClientRequest) => void): Ask =>
  async (url, signal) => {
    const request = http.request(url + PATH, { method: "POST", ...(signal && { signal }) });
    send(request);
    const [response] = (await once(request, "response")) as [http.IncomingMessage];
    return { status: response.statusCode ?? 0, body: await text(response) };
  };

async function askByHttp2(url: string, signal?: AbortSignal): Promise<Answered> {
  const session = http2.connect(url);
  const headers = { ":method": "POST", ":path": PATH };
  const request = session.request(headers, signal && { signal });
  try {
    request.end(BODY);
    const [head] = (await once(request, "response")) as [http2.IncomingHttpHeaders];
    return { status: Number(head[":status"]), body: await text(request) };
  } finally {
    session.close();
  }
}

const askByUndici =
  (undici: typeof undici8): Ask =>
  async (url, signal) => {
    const dispatcher = new undici.Agent();
    const { statusCode, body } = await undici.request(url + PATH, {
      method: "POST",
      body: BODY,
      dispatcher,
      ...(signal && { signal }),
    });
    const answered = { status: statusCode, body: await body.text() };
    await dispatcher.close();
    return answered;
  };

async function askByFetch(url: string, signal?: AbortSignal): Promise<Answered> {
  const response = await fetch(url + PATH, {
    method: "POST",
    body: BODY,
    ...(signal && { signal }),
  });
  return { status: response.status, body: await response.text() };
}

const transports: Readonly<Record<string, Transport>> = {
  fetch: { observe: (calls) => instrumentFetchFor(calls, {}), ask: askByFetch },
  "node:http": { observe: instrumentHttp, ask: askByHttp((request) => void request.end(BODY)) },
  "node:http, in parts": {
    observe: instrumentHttp,
    ask: askByHttp((request) => {
      request.write(BODY.slice(0, 20));
      request.end(BODY.slice(20));
    }),
  },
  "HTTP/2": { observe: instrumentHttp2, ask: askByHttp2, speaksHttp2: true },
  "undici 8": { observe: instrumentUndici, ask: askByUndici(undici8) },
  "undici 6": {
    observe: instrumentUndici,
    ask: askByUndici(undici6 as unknown as typeof undici8),
  },
};

describe.each(Object.entries(transports))("a call by %s", (_, transport) => {
  let provider: ProviderServer;
  let spans: RecordedSpans;
  let ledger: SlowLedger;
  let restore: () => void;
  beforeEach(async () => {
    provider = await startProviderServer({ speaksHttp2: transport.speaksHttp2 === true });
    provider.answer = json(ANSWER);
    spans = recordSpans();
    ledger = new SlowLedger(FIRST_NANO);
    const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS, leases: ledger });
    guard.apply(policyWith({ budgets: [budgetTerms({ limitNanoUsd: String(ENOUGH_NANO) })] }));
    restore = transport.observe(new CallObserver(spans.tracer, guard));
  });
  afterEach(async () => {
    restore();
    await provider.stop();
  });

  /** Asks for more than was lent, and so waits. */
  async function held(signal?: AbortSignal): Promise<{ readonly asked: Promise<Answered> }> {
    const asked = transport.ask(provider.url, signal);
    // Whoever ends it looks at its error later.
    asked.catch(() => {});
    await expect.poll(() => ledger.asked).toBe(2);
    expect(provider.requests).toEqual([]);
    return { asked };
  }

  const decision = async (): Promise<unknown> =>
    (await spans.last()).attributes["lensai.budget.decision"];

  test("that is larger than what was lent waits for more, and is sent as it is", async () => {
    const { asked } = await held();
    ledger.answer(ENOUGH_NANO);
    expect(await asked).toEqual({ status: 200, body: JSON.stringify(ANSWER) });
    expect(provider.requests).toMatchObject([{ body: BODY }]);
    expect(await decision()).toBe("allowed");
  });

  test("that gets nothing is answered here, and not sent", async () => {
    const { asked } = await held();
    ledger.answer(FIRST_NANO);
    const { status, body } = await asked;
    expect(status).toBe(402);
    expect(JSON.parse(body)).toMatchObject({ error: { type: "budget_exceeded" } });
    expect(provider.requests).toEqual([]);
    expect(await decision()).toBe("refused");
  });

  test("that the application ends while it waits is not sent, and costs nothing", async () => {
    const ending = new AbortController();
    const { asked } = await held(ending.signal);
    ending.abort();
    await expect(asked).rejects.toBeInstanceOf(Error);
    ledger.answer(ENOUGH_NANO);
    expect((await spans.last()).attributes).toMatchObject({
      "lensai.budget.charged_nano_usd": 0,
    });
    expect(provider.requests).toEqual([]);
  });
});
