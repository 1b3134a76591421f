import OpenAI from "openai";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { MODEL, answerTokens, planCall } from "../../budgets/call-plan.ts";
import type { CallPlan } from "../../budgets/call-plan.ts";
import { CALL_ID_HEADER, startBillingProvider } from "../../budgets/provider/billing-provider.ts";
import type { BillingProvider } from "../../budgets/provider/billing-provider.ts";
import {
  ABORT_SLACK_TOKENS,
  LIST_PRICES,
  RAISED_PRICES,
  billOf,
} from "../../budgets/provider/provider-log.ts";
import { tokensOf, wordsOf } from "../../budgets/words.ts";

const SEED = "test";
let provider: BillingProvider;
let client: OpenAI;

async function start(timeScale: number): Promise<void> {
  provider = await startBillingProvider({ seed: SEED, timeScale, prices: LIST_PRICES });
  client = new OpenAI({ apiKey: "sk-none", baseURL: `${provider.url}/v1`, maxRetries: 3 });
}

beforeEach(() => start(0.001));
afterEach(() => provider.stop());

/** The first call of the seed of which this is true. */
function callWhere(isWanted: (plan: CallPlan) => boolean): { callId: string; plan: CallPlan } {
  for (let number = 0; ; number += 1) {
    const plan = planCall(SEED, String(number));
    if (isWanted(plan)) return { callId: String(number), plan };
  }
}

const requestOf = ({ inputTokens, choices }: CallPlan) => ({
  model: MODEL,
  messages: [{ role: "user" as const, content: wordsOf(inputTokens) }],
  n: choices,
});
const named = (callId: string) => ({ headers: { [CALL_ID_HEADER]: callId } });
const isQuiet = ({ failures, cutAfterShare }: CallPlan): boolean =>
  failures === 0 && cutAfterShare === undefined;

describe("the provider bills", () => {
  test("an answer by the words that it sends, of every choice, and refused attempts not at all", async () => {
    const { callId, plan } = callWhere(({ choices, failures }) => choices > 1 && failures > 0);
    const { usage, choices } = await client.chat.completions.create(requestOf(plan), named(callId));
    const outputTokens = answerTokens(plan, undefined).reduce((sum, tokens) => sum + tokens, 0);
    const words = choices.map(({ message }) => tokensOf(message.content ?? ""));
    expect(words.reduce((sum, tokens) => sum + tokens, 0)).toBe(outputTokens);
    expect(usage).toMatchObject({ prompt_tokens: 5_000, completion_tokens: outputTokens });
    const log = provider.log();
    expect(log.map(({ end }) => end)).toEqual([
      ...Array.from({ length: plan.failures }, () => "refused"),
      "whole",
    ]);
    expect(log.map(({ billNanoUsd }) => billNanoUsd).at(-1)).toBe(
      billOf(5_000, outputTokens, LIST_PRICES),
    );
    expect(log[0]?.billNanoUsd).toBe(0n);
  });

  test("a stream that is left by what was written, and what it goes on to write", async () => {
    await provider.stop();
    // Slow enough to be left before its end.
    await start(0.3);
    const { callId, plan } = callWhere(
      (each) => isQuiet(each) && each.choices === 1 && (each.outputTokens[0] ?? 0) > 2_000,
    );
    const stream = await client.chat.completions.create(
      { ...requestOf(plan), stream: true },
      named(callId),
    );
    let seenTokens = 0;
    for await (const { choices } of stream) {
      seenTokens += tokensOf(choices[0]?.delta.content ?? "");
      break;
    }
    await expect.poll(() => provider.log()[0]?.end).not.toBe("running");
    const [attempt] = provider.log();
    expect(attempt?.end).toBe("left");
    expect(attempt?.outputTokens).toBeGreaterThanOrEqual(seenTokens + ABORT_SLACK_TOKENS);
  });

  test("by the prices of the moment when a request comes, and no more than was asked for", async () => {
    const { callId, plan } = callWhere(
      (each) => isQuiet(each) && (each.outputTokens[0] ?? 0) > 100,
    );
    provider.changePrices(RAISED_PRICES);
    await client.chat.completions.create({ ...requestOf(plan), max_tokens: 10 }, named(callId));
    expect(provider.log()[0]?.billNanoUsd).toBe(billOf(5_000, 10 * plan.choices, RAISED_PRICES));
  });
});
