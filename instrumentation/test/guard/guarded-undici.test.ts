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
  test("sends nothing of a stopped request, which fails with the guard's error", async () => {
    const asked = undici.request(chatUrl(), { method: "POST", body });
    const error: unknown = await asked.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(KillSwitchError);
    expect(provider.requests).toEqual([]);
    expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("killed");
  });

  test("says of a request that was known too late that it was only warned of", async () => {
    const sent = await undici.request(chatUrl(), { method: "POST", body: Readable.from([body]) });
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
