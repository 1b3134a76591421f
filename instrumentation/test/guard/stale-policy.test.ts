import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { Guard } from "../../src/guard/guard.ts";
import { refusalOf } from "../../src/guard/refusal-of.ts";
import { PolicyStaleError } from "../../src/guard/refusal.ts";
import { IN_THE_MONTH_MS, budgetTerms, killSwitch, policyWith } from "../support/policies.ts";
import { json, startProviderServer } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";

let provider: ProviderServer;
let silentMs: number | undefined;
let seen = 0;

beforeAll(async () => {
  provider = await startProviderServer();
});
afterAll(() => provider.stop());
beforeEach(() => {
  silentMs = 0;
  seen = provider.requests.length;
  provider.answer = json({ model: "gpt-4o", usage: { prompt_tokens: 10, completion_tokens: 5 } });
});

const made = (): number => provider.requests.length - seen;

function guarded(policy: Partial<ControlPolicy>) {
  const spans = recordSpans();
  const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS, silentMs: () => silentMs });
  guard.apply({ ...policyWith({}), ...policy });
  const observed = wrapFetch(fetch, { tracer: spans.tracer, guard });
  const chat = async (): Promise<Response> => {
    const response = await observed(`${provider.url}/v1/chat/completions`, {
      method: "POST",
      body: JSON.stringify({ model: "gpt-4o", max_tokens: 100, messages: [] }),
    });
    await response.clone().text();
    return response;
  };
  return { chat, spans, guard };
}

const NO_ROOM = { budgets: [budgetTerms({ limitNanoUsd: "1" })] };

describe("a policy that nothing was heard of for too long", () => {
  test("stops calls that it is closed for, also where it has no rule, until it is heard again", async () => {
    const { chat, spans, guard } = guarded({ maxStalenessSeconds: 300 });
    expect(guard.hasRules).toBe(true);
    silentMs = 300_999;
    expect((await chat()).status).toBe(200);
    silentMs = 301_000;
    const refused = await chat();
    expect(refused.status).toBe(403);
    expect(refused.headers.get("x-should-retry")).toBe("false");
    expect(made()).toBe(1);
    const refusal = refusalOf(refused);
    expect(refusal).toBeInstanceOf(PolicyStaleError);
    expect(refusal).toMatchObject({
      code: "control.policy_stale",
      refusal: { staleSeconds: 301, maxStalenessSeconds: 300 },
    });
    expect((await spans.last(2)).attributes).toMatchObject({
      "lensai.budget.decision": "refused",
      "lensai.control.stale_seconds": 301,
      "error.type": "control.policy_stale",
    });
    silentMs = 0;
    expect((await chat()).status).toBe(200);
  });

  test("still decides where the last one is to hold", async () => {
    const { chat, spans } = guarded({
      ...NO_ROOM,
      maxStalenessSeconds: 300,
      staleMode: "last_known",
    });
    silentMs = 900_000;
    expect((await chat()).status).toBe(402);
    expect((await spans.last()).attributes["lensai.control.stale_seconds"]).toBe(900);
  });

  test("stops nothing where it is open, and what it would have stopped is charged and marked", async () => {
    const { chat, spans } = guarded({
      ...NO_ROOM,
      killSwitches: [killSwitch({ model: "gpt-4o*" })],
      maxStalenessSeconds: 300,
      staleMode: "open",
    });
    expect((await chat()).status).toBe(403);
    silentMs = 301_000;
    expect((await chat()).status).toBe(200);
    const { attributes } = await spans.last(2);
    expect(attributes["lensai.budget.decision"]).toBe("warned");
    expect(attributes["lensai.budget.charged_nano_usd"]).toBeGreaterThan(0);
  });
});

test("a policy may be as old as it likes where nobody has said how old, and spans tell from a minute on", async () => {
  const { chat, spans } = guarded({ budgets: [budgetTerms({ limitNanoUsd: "100000000000" })] });
  silentMs = 59_999;
  await chat();
  expect((await spans.last()).attributes).not.toHaveProperty("lensai.control.stale_seconds");
  silentMs = 86_400_000;
  expect((await chat()).status).toBe(200);
  expect((await spans.last(2)).attributes["lensai.control.stale_seconds"]).toBe(86_400);
});

test("a policy that nobody tells is never too old", async () => {
  const { chat } = guarded({ maxStalenessSeconds: 300 });
  silentMs = undefined;
  expect((await chat()).status).toBe(200);
});
