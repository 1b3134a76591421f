import Anthropic from "@anthropic-ai/sdk";
import { wrapFetch } from "@lensai/instrumentation/fetch/wrap-fetch";
import { Guard } from "@lensai/instrumentation/guard/guard";
import { BudgetExceededError, KillSwitchError } from "@lensai/instrumentation/guard/refusal";
import { refusalOf } from "@lensai/instrumentation/guard/refusal-of";
import { parseControlPolicy } from "@lensai/otel-config/control/policy";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { startFakeProvider } from "../../clients/provider/fake-provider.ts";

const issuedAt = "2026-11-24T00:00:00Z";
const BUDGET = {
  id: "bud_1",
  name: "all calls",
  scope: {},
  limitNanoUsd: "1",
  mode: "enforce",
  failMode: "spend_lease_then_closed",
  unknownPrice: "block",
  clamp: false,
  periodStartsAt: issuedAt,
};
const KILL_SWITCH = { id: "kill_1", scope: {}, reason: "a loop", triggeredAt: issuedAt };

type Sdk = (made: { readonly url: string; readonly fetch: typeof fetch }) => Promise<unknown>;

const messages = [{ role: "user" as const, content: "hello" }];
const openai = ({ url, fetch }: Parameters<Sdk>[0]): OpenAI =>
  new OpenAI({ apiKey: "key", baseURL: `${url}/v1`, fetch, maxRetries: 3 });
const anthropic = ({ url, fetch }: Parameters<Sdk>[0]): Anthropic =>
  new Anthropic({ apiKey: "key", baseURL: url, fetch, maxRetries: 3 });

const SDKS: Readonly<Record<string, Sdk>> = {
  "openai chat": (made) => openai(made).chat.completions.create({ model: "gpt-4o", messages }),
  "openai chat stream": (made) =>
    openai(made).chat.completions.create({ model: "gpt-4o", messages, stream: true }),
  "openai stream helper": (made) =>
    openai(made).chat.completions.stream({ model: "gpt-4o", messages }).finalMessage(),
  "openai responses": (made) => openai(made).responses.create({ model: "gpt-4o", input: "hello" }),
  "openai embeddings": (made) =>
    openai(made).embeddings.create({ model: "text-embedding-3-small", input: "hello" }),
  "anthropic messages": (made) =>
    anthropic(made).messages.create({ model: "claude-opus-4-8", max_tokens: 10, messages }),
  "anthropic stream": (made) =>
    anthropic(made)
      .messages.stream({ model: "claude-opus-4-8", max_tokens: 10, messages })
      .finalMessage(),
};

describe.each(Object.entries(SDKS))("%s", (_, call) => {
  test.each([
    ["a budget", { budgets: [BUDGET], killSwitches: [] }, BudgetExceededError, 402],
    ["a kill-switch", { budgets: [], killSwitches: [KILL_SWITCH] }, KillSwitchError, 403],
  ])(
    "stopped by %s asks once, sends nothing, and throws an error that says so",
    async (...[, rules, Kind, status]) => {
      const provider = await startFakeProvider();
      try {
        const guard = new Guard();
        guard.apply(parseControlPolicy({ formatVersion: 1, version: 1, issuedAt, ...rules }));
        const guarded = wrapFetch(fetch, { guard });
        let asked = 0;
        const counted: typeof fetch = (...args) => {
          asked += 1;
          return guarded(...args);
        };
        const error: unknown = await call({ url: provider.url, fetch: counted }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        expect(error).toMatchObject({ status });
        expect(refusalOf(error)).toBeInstanceOf(Kind);
        expect(asked).toBe(1);
        expect(provider.calls()).toEqual([]);
      } finally {
        await provider.stop();
      }
    },
  );
});
