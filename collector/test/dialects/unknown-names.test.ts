import { unreadCountOf } from "@lensai/otel-config/dialects/unread-count";
import { describe, expect, test } from "vitest";
import { decodeBody, bodyOf, rowOf } from "./decode-record.ts";
import type { Value } from "./decode-record.ts";

/** Counts under names that the conventions do not have: those that published producers use, and those of nobody. */

const call = (attributes: Record<string, Value>, scope = "my-app") =>
  rowOf({
    scope,
    attributes: {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "anthropic",
      "gen_ai.request.model": "claude-sonnet-4-5",
      ...attributes,
    },
  });

const TOTALS = { "gen_ai.usage.input_tokens": 3117, "gen_ai.usage.output_tokens": 46 } as const;
const PARTS = {
  input_tokens: 3117n,
  input_uncached_tokens: 93n,
  cache_read_tokens: 1024n,
  cache_write_5m_tokens: 2000n,
  output_tokens: 46n,
  usage_source: "reported",
  // 93 x $3 + 1024 x $0.30 + 2000 x $3.75 + 46 x $15, each per million.
  cost_nano_usd: 8_776_200n,
} as const;

describe("spellings of published producers", () => {
  test.each([
    ["gen_ai.usage.input_tokens.cached", "gen_ai.usage.input_tokens.cache_write"],
    ["gen_ai.usage.cache_read_tokens", "gen_ai.usage.cache_write_tokens"],
    ["gen_ai.usage.cached_input_tokens", "gen_ai.usage.cache_creation_tokens"],
    ["gen_ai.usage.input_cached_tokens", "gen_ai.usage.input_cache_creation"],
    ["gen_ai.usage.cached_tokens", "gen_ai.usage.cache_write_input_tokens"],
  ])("%s and %s are cached tokens", (read, write) => {
    expect(call({ ...TOTALS, [read]: 1024, [write]: 2000 })).toMatchObject(PARTS);
  });

  test("Strands' counts leave the cache out, as its total shows", () => {
    const row = call({
      "gen_ai.usage.input_tokens": 93,
      "gen_ai.usage.output_tokens": 46,
      "gen_ai.usage.total_tokens": 3163,
      "gen_ai.usage.cache_read_input_tokens": 1024,
      "gen_ai.usage.cache_write_input_tokens": 2000,
    });
    expect(row).toMatchObject({ ...PARTS, usage_basis: "proven" });
  });

  test("OpenRouter says what a call cost, and the reasoning in it", () => {
    const row = call({
      ...TOTALS,
      "gen_ai.usage.output_tokens.reasoning": 32,
      "gen_ai.usage.total_cost": 0.0125,
    });
    expect(row).toMatchObject({ reasoning_tokens: 32n, client_cost_nano_usd: 12_500_000n });
  });

  test("the conventions' name wins over another one for the same count", () => {
    const row = call({
      ...TOTALS,
      "gen_ai.usage.cache_read.input_tokens": 1024,
      "gen_ai.usage.cached_tokens": 999,
    });
    expect(row).toMatchObject({ cache_read_tokens: 1024n });
  });
});

describe("a total that is more than the counts", () => {
  const GEMINI = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "gcp.gemini",
    "gen_ai.request.model": "gemini-2.5-flash",
    "gen_ai.usage.input_tokens": 1000,
    "gen_ai.usage.output_tokens": 100,
  } as const;

  test("makes the cost a guess: something was not counted", () => {
    const other = {
      ...GEMINI,
      "gen_ai.provider.name": "moonshot",
      "gen_ai.request.model": "kimi-k2",
    };
    const row = rowOf({ attributes: { ...other, "gen_ai.usage.total_tokens": 1400 } });
    expect(row).toMatchObject({
      billed: true,
      input_tokens: 1000n,
      output_tokens: 100n,
      usage_source: "estimated",
      usage_rule: "total-beyond-counts",
    });
  });

  test("of Google is taken for thoughts, and for a guess", () => {
    const row = rowOf({ attributes: { ...GEMINI, "gen_ai.usage.total_tokens": 1400 } });
    expect(row).toMatchObject({
      input_tokens: 1000n,
      output_tokens: 400n,
      reasoning_tokens: 300n,
      usage_source: "estimated",
      usage_rule: "rest-taken-for-thoughts",
    });
  });

  test("of Google is what tools brought, where thoughts are told", () => {
    const row = rowOf({
      attributes: {
        ...GEMINI,
        "gen_ai.usage.reasoning.output_tokens": 30,
        "gen_ai.usage.total_tokens": 1400,
      },
    });
    expect(row).toMatchObject({
      input_tokens: 1300n,
      tool_use_prompt_tokens: 300n,
      output_tokens: 100n,
      usage_source: "derived",
      usage_rule: "google-total",
    });
  });

  test.each([1100, 900])("does not when it is %i", (total) => {
    const row = rowOf({ attributes: { ...GEMINI, "gen_ai.usage.total_tokens": total } });
    expect(row).toMatchObject({ usage_source: "reported" });
  });

  test.each([
    {
      is: "taken for thoughts, and for a guess, of a producer that counts neither",
      scope: "opentelemetry.instrumentation.google_generativeai",
      row: {
        input_tokens: 1000n,
        output_tokens: 400n,
        reasoning_tokens: 300n,
        usage_source: "estimated",
        usage_rule: "rest-taken-for-thoughts",
      },
    },
    {
      is: "what tools brought where thoughts are always counted",
      scope: "@traceloop/instrumentation-google-generativeai",
      row: {
        input_tokens: 1300n,
        tool_use_prompt_tokens: 300n,
        output_tokens: 100n,
        usage_source: "derived",
        usage_rule: "traceloop-google-js-candidates",
      },
    },
  ])("is $is", ({ scope, row }) => {
    const attributes = { ...GEMINI, "gen_ai.usage.total_tokens": 1400 };
    expect(rowOf({ scope, attributes })).toMatchObject(row);
  });

  test("does not when a part explains it", () => {
    const thoughts = { "gen_ai.usage.reasoning_tokens": 300, "gen_ai.usage.total_tokens": 1400 };
    expect(rowOf({ attributes: { ...GEMINI, ...thoughts } })).toMatchObject({
      output_tokens: 400n,
      usage_source: "reported",
    });
  });
});

describe("names of nobody", () => {
  const UNREAD = { usage_source: "estimated", usage_rule: "unread-count" } as const;

  test.each(["my.cache_hit_tokens", "usage.promptCacheReadTokens", "llm.usage.cached"])(
    "a count of cached tokens called %s makes the cost a guess",
    (name) => {
      expect(call({ ...TOTALS, [name]: 1024 })).toMatchObject({ ...UNREAD, billed: true });
    },
  );

  test("a count that repeats known ones does not", () => {
    const row = call({
      ...TOTALS,
      "gen_ai.usage.cache_read.input_tokens": 1024,
      "gen_ai.usage.cache_write.input_tokens": 2000,
      "my.cache_read_tokens": 1024,
      "my.total_cached_tokens": 3024,
      "my.cache_write_tokens": 2000,
    });
    expect(row).toMatchObject(PARTS);
  });

  test.each([
    ["my.cache_hit_tokens", 0],
    ["my.cached_tokens_cost", 1024],
    ["my.uncached_tokens", 93],
    ["cache.enabled", true],
    ["cache.key", "tokens"],
  ])("%s of %s says nothing", (name, value) => {
    expect(call({ ...TOTALS, [name]: value })).toMatchObject({ usage_source: "reported" });
  });

  test("a call whose usage is all under such names is missing it for that reason", () => {
    expect(call({ "my.inputTokens": 3117, "my.outputTokens": 46 })).toMatchObject({
      billed: true,
      usage_source: "missing",
      usage_rule: "unread-count",
      cost_nano_usd: null,
    });
  });

  test("names that mean something in another dialect are not read in this one", () => {
    expect(call({ input_token_count: 3117, output_token_count: 46 })).toMatchObject({
      usage_source: "missing",
      usage_rule: "unread-count",
    });
  });

  test("a record of no dialect that counts like a call is marked, and bills nothing", () => {
    const attributes = { $ai_model: "gpt-4o", $ai_input_tokens: 10, $ai_output_tokens: 2 };
    expect(rowOf({ attributes })).toMatchObject({
      dialect: null,
      billed: null,
      cost_nano_usd: null,
      usage_source: "missing",
      usage_rule: "unread-count",
    });
  });

  test.each([
    { "http.route": "/", "session.total_tokens": 12 },
    { "auth.token": "abc", "llm.max_output_tokens": 10, "llm.max_input_tokens": 20 },
  ])("a record with a count or limits beside other things is not: %o", (attributes) => {
    expect(rowOf({ attributes })).toMatchObject({ usage_source: null, usage_rule: null });
  });

  test("so is a log that says what went in and out in its own words (Cline's task.tokens)", () => {
    const row = rowOf({
      signal: "logs",
      scope: "cline",
      attributes: {
        model: "claude-sonnet-4-5",
        tokensIn: 93,
        tokensOut: 46,
        cacheReadTokens: 1024,
      },
    });
    expect(row).toMatchObject({ billed: null, usage_rule: "unread-count" });
  });

  test("the record before leaves nothing behind", () => {
    const record = { attributes: { "my.cached_tokens": 7, "my.inputTokens": 9 } };
    decodeBody(bodyOf(record), record);
    expect(call(TOTALS)).toMatchObject({ usage_source: "reported" });
  });
});

test.each([
  ["gen_ai.usage.cacheReadTokens", "cached"],
  ["usage.input_cached_tokens", "cached"],
  ["promptTokens", "tokens"],
  ["ag2.usage.total_tokens", "tokens"],
  ["tokensIn", "tokens"],
  ["usage.tokens_out", "tokens"],
  ["llm.tokens.completion", "tokens"],
  ["token.inspector", undefined],
  ["tokens_invalid", undefined],
  ["gen_ai.request.max_tokens", undefined],
  ["input_tokens_per_second", undefined],
  ["gen_ai.usage.cached_tokens_ratio", undefined],
  ["csrf.token", undefined],
])("%s counts %s", (name, kind) => {
  expect(unreadCountOf(name)).toBe(kind);
});
