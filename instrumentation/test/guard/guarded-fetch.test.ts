import type { ServerResponse } from "node:http";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BudgetTerms } from "@lensai/otel-config/control/budgets";
import type { ControlPolicy } from "@lensai/otel-config/control/policy";
import { ProxyTracerProvider } from "@opentelemetry/api";
import { wrapFetch } from "../../src/fetch/wrap-fetch.ts";
import { Guard } from "../../src/guard/guard.ts";
import type { LeaseSource } from "../../src/guard/lease-source.ts";
import { refusalOf } from "../../src/guard/refusal-of.ts";
import { BudgetExceededError, KillSwitchError } from "../../src/guard/refusal.ts";
import { IN_THE_MONTH_MS, budgetTerms, killSwitch, policyWith } from "../support/policies.ts";
import { textTokensAtMost } from "../../src/wire/text-tokens.ts";
import { endless, json, startProviderServer, stream } from "../support/provider-server.ts";
import type { ProviderServer } from "../support/provider-server.ts";
import { recordSpans } from "../support/recorded-spans.ts";
import { SlowLedger } from "../support/slow-ledger.ts";
import { sse } from "../support/wire-call.ts";

/** gpt-4o: $2.50 and $10 per million. */
const INPUT_NANO = 2_500;
const OUTPUT_NANO = 10_000;
const MANY_DOLLARS = "100000000000";

let provider: ProviderServer;
let seen = 0;
beforeAll(async () => {
  provider = await startProviderServer();
});
afterAll(() => provider.stop());
beforeEach(() => {
  seen = provider.requests.length;
});

const requests = () => provider.requests.slice(seen);

function guarded(policy: Partial<Pick<ControlPolicy, "budgets" | "killSwitches" | "prices">>) {
  const spans = recordSpans();
  const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS, environment: "production" });
  guard.apply(policyWith(policy));
  const observed = wrapFetch(fetch, { tracer: spans.tracer, guard });
  const chat = (body: Record<string, unknown> = {}): Promise<Response> =>
    observed(`${provider.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        model: "gpt-4o",
        max_tokens: 100,
        messages: [{ role: "user", content: "hello" }],
        ...body,
      }),
    });
  return { chat, spans, guard };
}

const budget = (terms: Partial<BudgetTerms>) => ({ budgets: [budgetTerms(terms)] });

const answerWith = (usage?: Record<string, number>) =>
  json({
    id: "chatcmpl-1",
    model: "gpt-4o",
    choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: "hi" } }],
    ...(usage && { usage }),
  });

const broken = () => {
  throw new RangeError("no tracer");
};

describe("a refused call", () => {
  test("never leaves the process, is answered as no SDK tries again, and can be told by everybody", async () => {
    const { chat, spans } = guarded(budget({ limitNanoUsd: "10", each: "environment" }));
    const response = await chat();
    expect(requests()).toHaveLength(0);
    expect(response.status).toBe(402);
    expect(response.headers.get("x-should-retry")).toBe("false");
    const body: unknown = await response.clone().json();
    for (const error of [
      response,
      { cause: { error: body } },
      body,
      new Error(`402 ${JSON.stringify(body)}`),
    ]) {
      const refusal = refusalOf(error);
      expect(refusal).toBeInstanceOf(BudgetExceededError);
      expect(refusal).toMatchObject({
        name: "BudgetExceededError",
        code: "control.budget_exceeded",
        refusal: {
          budgetId: "bud_1",
          budgetName: "all calls",
          scope: {},
          value: "production",
          limitNanoUsd: 10n,
          cause: "spent",
          remainingNanoUsd: 10n,
          heldNanoUsd: 0n,
          resetsAt: "2026-12-01T00:00:00.000Z",
          isCutOff: false,
        },
      });
    }
    const { attributes, status } = await spans.last();
    expect(attributes).toMatchObject({
      "lensai.budget.decision": "refused",
      "lensai.budget.id": "bud_1",
      "lensai.budget.refusal_cause": "spent",
      "error.type": "control.budget_exceeded",
      "gen_ai.request.model": "gpt-4o",
    });
    expect(Object.keys(attributes).filter((name) => name.includes("usage"))).toEqual([]);
    expect(status.code).toBe(2);
  });

  test("by a kill-switch says why", async () => {
    const { chat, spans } = guarded({ killSwitches: [killSwitch({ model: "gpt-4o*" })] });
    const response = await chat();
    expect(response.status).toBe(403);
    expect(requests()).toHaveLength(0);
    const refusal = refusalOf(response);
    expect(refusal).toBeInstanceOf(KillSwitchError);
    expect(refusal?.message).toContain("an agent runs in a loop");
    expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("killed");
    provider.answer = answerWith();
    expect((await chat({ model: "gpt-4.1" })).status).toBe(200);
  });

  test("is refused when nobody records spans, too, and when recording them fails", async () => {
    const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS });
    guard.apply(policyWith(budget({ limitNanoUsd: "10" })));
    for (const tracer of [new ProxyTracerProvider().getTracer("nobody"), broken]) {
      const observed = wrapFetch(fetch, { tracer, guard });
      const body = JSON.stringify({ model: "gpt-4o", messages: [] });
      const response = await observed(`${provider.url}/v1/chat/completions`, {
        method: "POST",
        body,
      });
      expect(response.status).toBe(402);
    }
    expect(requests()).toHaveLength(0);
  });
});

const limited = (limitNano: number) => guarded(budget({ limitNanoUsd: String(limitNano) }));

describe("what a call is charged", () => {
  test("is what the provider counted, whatever was estimated", async () => {
    const call = 10 * INPUT_NANO + 5 * OUTPUT_NANO;
    const worst = 100 * OUTPUT_NANO + 100 * INPUT_NANO;
    const { chat, spans, guard } = limited(worst + call * 3);
    provider.answer = answerWith({ prompt_tokens: 10, completion_tokens: 5 });
    // Each has room only because those before were charged what they cost.
    for (let at = 0; at < 4; at += 1) expect(await (await chat()).json()).toBeTruthy();
    expect(guard.policy?.version).toBe(1);
    const { attributes } = await spans.last(4);
    expect(attributes["lensai.budget.decision"]).toBe("allowed");
    expect(attributes["lensai.budget.lease_id"]).toMatch(/^local:bud_1:/);
  });

  test("is told apart where neither it nor its lease had more: by so much a budget can be overspent", async () => {
    const limit = 400 * OUTPUT_NANO;
    const { chat, spans } = limited(limit);
    provider.answer = answerWith({ prompt_tokens: 10, completion_tokens: 500 });
    await (await chat()).json();
    const charged = 10 * INPUT_NANO + 500 * OUTPUT_NANO;
    expect((await spans.last()).attributes).toMatchObject({
      "lensai.budget.charged_nano_usd": charged,
      "lensai.budget.shortfall_nano_usd": charged - limit,
    });
    const { chat: fromLease, spans: others } = limited(limit);
    provider.answer = answerWith({ prompt_tokens: 10, completion_tokens: 350 });
    await (await fromLease()).json();
    expect((await others.last()).attributes).not.toHaveProperty("lensai.budget.shortfall_nano_usd");
  });

  test("is nothing for an error of the provider, and nothing when no connection was made", async () => {
    const { chat } = limited(100 * OUTPUT_NANO + 100 * INPUT_NANO);
    provider.answer = json({ error: {} }, 500);
    for (let at = 0; at < 3; at += 1) expect((await chat()).status).toBe(500);
    const spans = recordSpans();
    const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS });
    guard.apply(policyWith(budget({ limitNanoUsd: String(100 * OUTPUT_NANO + 100 * INPUT_NANO) })));
    const observed = wrapFetch(fetch, { tracer: spans.tracer, guard });
    const body = JSON.stringify({ model: "gpt-4o", max_tokens: 100, messages: [] });
    for (let at = 0; at < 3; at += 1) {
      await expect(
        observed("http://127.0.0.1:1/v1/chat/completions", { method: "POST", body }),
      ).rejects.toThrow("fetch failed");
    }
  });

  test("is all that was held when the answer does not say", async () => {
    const { chat } = limited(100 * OUTPUT_NANO + 150 * INPUT_NANO);
    provider.answer = answerWith();
    await (await chat()).json();
    await expect.poll(async () => (await chat()).status).toBe(402);
  });

  test("of a stream that the application leaves is its input and what came", async () => {
    const { chat } = limited(2_100 * OUTPUT_NANO);
    const chunks = Array.from({ length: 20 }, () =>
      sse({ choices: [{ index: 0, delta: { content: "word " } }] }),
    );
    provider.answer = stream(chunks, "never");
    const first = await chat({ stream: true, max_tokens: 2_000 });
    const reader = first.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const second = await chat({ stream: true, max_tokens: 1_900 });
    expect(second.status).toBe(200);
    await second.body?.cancel();
  });

  test("of a stream that is left goes by how many tokens the texts before it had, where nobody has counted its own", async () => {
    const { chat, spans } = limited(Number(MANY_DOLLARS));
    const text = "some words of an answer ".repeat(200);
    const part = sse({ choices: [{ index: 0, delta: { content: text } }] });
    const tokens = Math.round(textTokensAtMost(text) / 2);
    const usage = { prompt_tokens: 1_000, completion_tokens: 4 * tokens };
    const end = { index: 0, delta: {}, finish_reason: "stop" };
    provider.answer = stream([part, part, part, part, sse({ choices: [end], usage })]);
    const question = {
      stream: true,
      max_tokens: 9_000,
      messages: [{ role: "user", content: "a b ".repeat(1_000) }],
    };
    for (let times = 0; times < 10; times += 1) await (await chat(question)).text();
    provider.answer = stream([part], "never");
    const reader = (await chat(question)).body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const { attributes } = await spans.last(11);
    const expected = 1_000 * INPUT_NANO + (tokens + 128) * OUTPUT_NANO;
    const charged = Number(attributes["lensai.budget.charged_nano_usd"]);
    expect(charged / expected).toBeGreaterThan(1);
    expect(charged / expected).toBeLessThan(1.05);
  });

  test("of a stream that is left may be more, which is kept beside it, or charged where the budget is never to be overspent", async () => {
    const part = delta("some words of an answer ".repeat(100));
    const end = { index: 0, delta: {}, finish_reason: "stop" };
    const usage = { prompt_tokens: 10, completion_tokens: 300 };
    const left = async (clamp: boolean) => {
      const ledger = new SlowLedger(Number(MANY_DOLLARS));
      const { ask } = streamingFrom(ledger, { clamp });
      provider.answer = stream([part, sse({ choices: [end], usage })]);
      await (await ask()).text();
      const { spentNano: before } = ledger.figures;
      provider.answer = stream([part], "never");
      const reader = (await ask()).body?.getReader();
      await reader?.read();
      await reader?.cancel();
      await expect.poll(() => ledger.figures.reservedNano).toBe(0);
      const { spentNano, uncertainNano } = ledger.figures;
      return { spentNano: spentNano - before, uncertainNano };
    };
    const expected = await left(false);
    expect(expected.uncertainNano).toBeGreaterThan(0);
    expect(await left(true)).toEqual({
      spentNano: expected.spentNano + expected.uncertainNano,
      uncertainNano: 0,
    });
  });
});

test("a request that is too long to be read is held to its length", async () => {
  const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS, environment: "production" });
  guard.apply(policyWith(budget({ limitNanoUsd: "1000000000" })));
  let sent = 0;
  const observed = wrapFetch(() => Promise.resolve(Response.json({ sent: (sent += 1) })), {
    tracer: recordSpans().tracer,
    guard,
  });
  const ask = (content: string): Promise<Response> =>
    observed("https://shop.openai.azure.com/openai/deployments/gpt-4o/chat/completions", {
      method: "POST",
      body: JSON.stringify({ max_tokens: 100, messages: [{ role: "user", content }] }),
    });
  expect((await ask("word ".repeat(1_000_000))).status).toBe(402);
  expect(sent).toBe(0);
  expect((await ask("word")).status).toBe(200);
});

test("calls that no budget is about are sent as they were, and their spans say nothing of budgets", async () => {
  const { chat, spans } = guarded(budget({ scope: { team: "support" }, limitNanoUsd: "0" }));
  provider.answer = answerWith({ prompt_tokens: 10, completion_tokens: 5 });
  await (await chat()).json();
  const { attributes } = await spans.last();
  expect(Object.keys(attributes).filter((name) => name.includes("budget"))).toEqual([]);
});

const clamping = (limitNano: number, terms: Partial<BudgetTerms> = {}) =>
  guarded(budget({ limitNanoUsd: String(limitNano), clamp: true, ...terms }));

const agreed = (project: string, output: string, validFrom: string) => ({
  provider: "openai",
  model: "gpt-4o",
  project,
  prices: { output_mtok: output },
  validFrom,
  recordedAt: "2026-11-01T00:00:00Z",
  recordedBy: "ann",
  source: "contract 2026-114",
});

describe("prices that a policy brings", () => {
  const limit = String(300 * OUTPUT_NANO);

  test("hold in place of the published ones, from the day that they say, and as long as the policy has them", async () => {
    const { chat, guard } = guarded({
      ...budget({ limitNanoUsd: limit }),
      prices: { formatVersion: 1, entries: [agreed("p1", "100", "2026-11-01")] },
    });
    provider.answer = answerWith({ prompt_tokens: 10, completion_tokens: 5 });
    expect((await chat()).status).toBe(402);
    guard.apply(
      policyWith({
        ...budget({ limitNanoUsd: limit }),
        prices: { formatVersion: 1, entries: [agreed("p1", "100", "2026-11-30")] },
      }),
    );
    expect((await chat()).status).toBe(200);
    guard.apply(
      policyWith({
        ...budget({ limitNanoUsd: limit }),
        prices: { formatVersion: 1, entries: [agreed("p1", "100", "2026-11-01")] },
      }),
    );
    expect((await chat()).status).toBe(402);
    guard.apply(policyWith(budget({ limitNanoUsd: limit })));
    expect((await chat()).status).toBe(200);
  });

  test("of the moment when a call was made are what it costs, also when it ends after a change", async () => {
    let nowMs = IN_THE_MONTH_MS;
    const guard = new Guard({ nowMs: () => nowMs });
    guard.apply(
      policyWith({
        ...budget({ limitNanoUsd: limit }),
        prices: { formatVersion: 1, entries: [agreed("p1", "1000", "2026-11-25")] },
      }),
    );
    const usage = { prompt_tokens: 10, completion_tokens: 5 };
    provider.answer = (request, response) => {
      nowMs = Date.parse("2026-11-26T00:00:00Z");
      answerWith(usage)(request, response);
    };
    const observed = wrapFetch(fetch, { tracer: recordSpans().tracer, guard });
    const ask = (): Promise<Response> =>
      observed(`${provider.url}/v1/chat/completions`, {
        method: "POST",
        body: JSON.stringify({ model: "gpt-4o", max_tokens: 100, messages: [] }),
      });
    await (await ask()).json();
    const refusal = refusalOf(await ask())?.refusal;
    expect(refusal).toMatchObject({
      remainingNanoUsd: BigInt(limit) - 10n * BigInt(INPUT_NANO) - 5n * BigInt(OUTPUT_NANO),
    });
  });

  test("are read as strictly as the rest of it", () => {
    const entries = [{ ...agreed("p1", "100", "2026-11-01"), model: 7 }];
    expect(() => policyWith({ prices: { formatVersion: 1, entries } })).toThrow(
      /policy: prices: entries\[0\]\.model/,
    );
  });
});

describe("an answer from the cache of a gateway", () => {
  test("is charged nothing, and its span says what it is", async () => {
    const { chat, spans } = guarded(budget({ limitNanoUsd: String(150 * OUTPUT_NANO) }));
    const usage = { prompt_tokens: 10, completion_tokens: 100 };
    provider.answer = (request, response) => {
      response.setHeader("x-portkey-cache-status", "HIT");
      answerWith(usage)(request, response);
    };
    for (let call = 0; call < 3; call += 1) {
      const response = await chat();
      expect(response.status).toBe(200);
      await response.json();
    }
    provider.answer = answerWith(usage);
    await (await chat()).json();
    expect((await chat()).status).toBe(402);
    const cached = spans
      .all()
      .slice(0, 3)
      .map(({ attributes }) => attributes);
    for (const attributes of cached)
      expect(attributes).toMatchObject({ "lensai.answer.from_cache": true });
  });

  test("teaches nothing: its counts need not be those of a call", async () => {
    const ledger = new SlowLedger(Number(MANY_DOLLARS));
    const { ask } = streamingFrom(ledger);
    provider.answer = (request, response) => {
      response.setHeader("x-openrouter-cache-status", "HIT");
      const usage = { prompt_tokens: 1, completion_tokens: 1 };
      const end = sse({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] });
      stream([delta("hi"), end, sse({ choices: [], usage }), sse("[DONE]")])(request, response);
    };
    const reservedNano = async (): Promise<number> => {
      const asked = ask();
      const { reservedNano: reserved } = ledger.figures;
      await (await asked).text();
      await expect.poll(() => ledger.figures.reservedNano).toBe(0);
      return reserved;
    };
    const first = await reservedNano();
    expect(first).toBeGreaterThan(0);
    // As many as say how long answers are.
    for (let call = 0; call < 12; call += 1) await reservedNano();
    expect(await reservedNano()).toBe(first);
  });
});

describe("a clamped call", () => {
  test("is sent with what is left as its limit, and its span says so", async () => {
    const { chat, spans } = clamping(700 * OUTPUT_NANO);
    provider.answer = answerWith({ prompt_tokens: 10, completion_tokens: 5 });
    await (await chat({ max_tokens: 5_000, user: "x" })).json();
    const sent = JSON.parse(requests()[0]?.body ?? "") as Record<string, unknown>;
    expect(sent["max_tokens"]).toBeGreaterThan(600);
    expect(sent["max_tokens"]).toBeLessThan(700);
    expect(sent["user"]).toBe("x");
    const { attributes } = await spans.last();
    expect(attributes).toMatchObject({
      "lensai.budget.decision": "clamped",
      "lensai.budget.clamped": true,
      "gen_ai.request.max_tokens": 5_000,
    });
  });

  test("shares what is left among the answers that it asks for, and gets a limit where it had none", async () => {
    const { chat } = clamping(700 * OUTPUT_NANO);
    provider.answer = answerWith({ prompt_tokens: 10, completion_tokens: 5 });
    await (await chat({ max_tokens: undefined, n: 2 })).json();
    const sent = JSON.parse(requests()[0]?.body ?? "") as Record<string, unknown>;
    expect(sent["max_completion_tokens"]).toBeGreaterThan(300);
    expect(sent["max_completion_tokens"]).toBeLessThan(350);
  });

  test("is refused where less than a useful answer is left, where a budget does not allow it, and where it is signed", async () => {
    expect((await clamping(65 * OUTPUT_NANO).chat({ max_tokens: 5_000 })).status).toBe(402);
    const strict = guarded({
      budgets: [
        budgetTerms({ id: "soft", clamp: true, limitNanoUsd: String(700 * OUTPUT_NANO) }),
        budgetTerms({ id: "hard", limitNanoUsd: String(700 * OUTPUT_NANO) }),
      ],
    });
    expect((await strict.chat({ max_tokens: 5_000 })).status).toBe(402);
    const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS });
    guard.apply(policyWith(budget({ clamp: true, limitNanoUsd: String(700 * OUTPUT_NANO) })));
    const response = await wrapFetch(fetch, { tracer: recordSpans().tracer, guard })(
      `${provider.url}/v1/chat/completions`,
      {
        method: "POST",
        headers: { authorization: "AWS4-HMAC-SHA256 Credential=x" },
        body: JSON.stringify({ model: "gpt-4o", max_tokens: 5_000, messages: [] }),
      },
    );
    expect(response.status).toBe(402);
    expect(requests()).toHaveLength(0);
  });

  test("is let be where there is room for all of it", async () => {
    const { chat, spans } = clamping(Number(MANY_DOLLARS));
    provider.answer = answerWith({ prompt_tokens: 10, completion_tokens: 5 });
    await (await chat({ max_tokens: 5_000 })).json();
    expect(JSON.parse(requests()[0]?.body ?? "")).toMatchObject({ max_tokens: 5_000 });
    expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("allowed");
  });
});

const delta = (content: string): string => sse({ choices: [{ index: 0, delta: { content } }] });
const WORDS = 40;
const chunk = delta("a few words of an answer ".repeat(WORDS));

/** Streams of a process that has its leases from this ledger. */
function streamingFrom(
  ledger: LeaseSource,
  terms: Partial<BudgetTerms> = {},
  transport: typeof fetch = fetch,
) {
  const guard = new Guard({ nowMs: () => IN_THE_MONTH_MS, leases: ledger });
  guard.apply(policyWith(budget({ limitNanoUsd: MANY_DOLLARS, ...terms })));
  const observed = wrapFetch(transport, { tracer: recordSpans().tracer, guard });
  const body = JSON.stringify({ model: "gpt-4o", stream: true, max_tokens: 9_000, messages: [] });
  const ask = (): Promise<Response> =>
    observed(`${provider.url}/v1/chat/completions`, { method: "POST", body });
  return { ask };
}

describe("a metered stream whose lease is used up", () => {
  const first = 2_600 * OUTPUT_NANO;
  const text = "a few words of an answer ".repeat(8);

  async function streaming(terms: Partial<BudgetTerms> = {}) {
    const ledger = new SlowLedger(first);
    const { ask } = streamingFrom(ledger, terms);
    let hasLeft = false;
    let written = 1;
    let answering: ServerResponse | undefined;
    provider.answer = (_, response) => {
      answering = response;
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.on("close", () => {
        hasLeft = true;
      });
      response.write(delta(text));
    };
    const response = await ask();
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const next = async (): Promise<string> => {
      answering?.write(delta(text));
      written += 1;
      return Buffer.from((await reader.read()).value ?? []).toString();
    };
    while (ledger.asked === 1) await next();
    return { ledger, next, hasLeft: () => hasLeft, written: () => written };
  }

  test("goes on while the ledger is asked, and on with what it grants", async () => {
    const { ledger, next } = await streaming();
    expect(await next()).toContain(text);
    ledger.answer(20_000 * OUTPUT_NANO);
    for (let part = 0; part < 20; part += 1) expect(await next()).toContain(text);
  });

  test("is cut off when the ledger has no more, and when it does not answer in time", async () => {
    const exhausted = await streaming();
    exhausted.ledger.answer(first);
    const readToTheEnd = async ({ next, hasLeft }: typeof exhausted): Promise<void> => {
      while (!hasLeft()) await next();
    };
    await expect(readToTheEnd(exhausted)).rejects.toBeInstanceOf(BudgetExceededError);
    await expect(readToTheEnd(await streaming())).rejects.toBeInstanceOf(BudgetExceededError);
  });

  test("is cut off when the ledger has answered, where the budget is never to be overspent", async () => {
    const { ledger, next, written } = await streaming({ clamp: true });
    const readToTheEnd = async (): Promise<void> => {
      for (;;) {
        ledger.answer(first);
        await next();
      }
    };
    await expect(readToTheEnd()).rejects.toBeInstanceOf(BudgetExceededError);
    await expect.poll(() => ledger.figures.reservedNano).toBe(0);
    // All that came was read, and a provider may write for another 300 ms at a pace of that in a second.
    const writtenNano = written() * textTokensAtMost(text) * OUTPUT_NANO;
    expect(ledger.figures.spentNano).toBeGreaterThanOrEqual(1.3 * writtenNano);
    expect(ledger.figures.spentNano).toBeLessThan(1.32 * writtenNano);
    expect(ledger.figures.spentNano).toBeLessThanOrEqual(first);
  });

  test("is charged what had come when it was cut off, and by the provider's count if that had", async () => {
    const ledger = new SlowLedger(first);
    const parts = Array.from({ length: 24 }, () => delta(text));
    const usage = { prompt_tokens: 10, completion_tokens: 1_000 };
    const ends = [
      sse({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
      sse({ choices: [], usage }),
      sse("[DONE]"),
    ];
    // A connection would bring so little in one part.
    const inParts = (): Promise<Response> =>
      Promise.resolve(
        new Response(ReadableStream.from([...parts, ...ends].map((part) => Buffer.from(part))), {
          headers: { "content-type": "text/event-stream" },
        }),
      );
    const { ask } = streamingFrom(ledger, { clamp: true }, inParts);
    const response = await ask();
    ledger.answer(first);
    await expect(response.text()).rejects.toBeInstanceOf(BudgetExceededError);
    await expect.poll(() => ledger.figures.reservedNano).toBe(0);
    const spent = usage.prompt_tokens * INPUT_NANO + usage.completion_tokens * OUTPUT_NANO;
    expect(ledger.figures.spentNano).toBe(spent);
  });
});

describe("a metered stream", () => {
  test("that is clamped goes on to its limit, though its text could have more tokens than that", async () => {
    const { chat, spans } = clamping(700 * OUTPUT_NANO);
    // 720 tokens at most, and 500 in truth.
    const text = "a few words of an answer here ".repeat(72);
    const end = { index: 0, delta: {}, finish_reason: "stop" };
    provider.answer = stream([delta(text), sse({ choices: [end] }), sse("[DONE]")]);
    const response = await chat({ stream: true, max_tokens: 5_000 });
    expect(await response.text()).toContain(text);
    expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("clamped");
  });

  test("goes on over its first reservation while there is money, whole and unchanged", async () => {
    const { chat, spans } = guarded(budget({ limitNanoUsd: MANY_DOLLARS }));
    const chunks = Array.from({ length: 40 }, () => chunk);
    provider.answer = stream([...chunks, sse("[DONE]")]);
    const text = await (await chat({ stream: true, max_tokens: 100_000 })).text();
    expect(text).toBe([...chunks, sse("[DONE]")].join(""));
    expect((await spans.last()).attributes["lensai.budget.decision"]).toBe("allowed");
  });

  test("is cut off where the money ends: nothing unpaid reaches the application, and the provider is told", async () => {
    const limit = 2_750 * OUTPUT_NANO;
    const { chat, spans } = guarded(budget({ limitNanoUsd: String(limit) }));
    let isLeft: () => void;
    const left = new Promise<void>((resolve) => {
      isLeft = resolve;
    });
    provider.answer = endless(chunk, () => isLeft());
    const response = await chat({ stream: true, max_tokens: 100_000 });
    let received = "";
    const reading = (async () => {
      for await (const bytes of response.body as unknown as AsyncIterable<Uint8Array>)
        received += Buffer.from(bytes).toString();
    })();
    const error: unknown = await reading.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    await left;
    expect(error).toBeInstanceOf(BudgetExceededError);
    expect(refusalOf(error)?.refusal).toMatchObject({ isCutOff: true, budgetId: "bud_1" });
    // What the provider goes on to write before it notices is paid for as well.
    const chunks = (received.split("words").length - 1) / WORDS;
    expect(chunks).toBeGreaterThan(0);
    const perChunk = textTokensAtMost("a few words of an answer ".repeat(WORDS));
    expect(chunks * perChunk + 128).toBeLessThanOrEqual(2_750);
    // It wrote all of it within a second, and may write as much until it notices.
    expect(2 * chunks * perChunk).toBeLessThanOrEqual(2_750);
    const { attributes } = await spans.last();
    expect(attributes).toMatchObject({
      "lensai.budget.decision": "cut_off",
      "lensai.budget.cutoff": true,
      "lensai.observation.problem": "stream_broken_off",
      "error.type": "control.budget_exceeded",
    });
    expect((await chat({ max_tokens: 2_750 })).status).toBe(402);
  });
});
