import { describe, expect, it } from "vitest";
import { BILL_RULES } from "../../src/billing/bill-rule.ts";
import { explainCall } from "../../src/explain/explain-call.ts";
import type { CallExplanation } from "../../src/explain/explain-call.ts";
import { createPriceBook } from "../../src/pricing/layered-book.ts";
import type { PriceEntry } from "../../src/pricing/price-layer.ts";
import { SPAN_COLUMNS } from "../../src/span-row/columns.ts";
import type { SpanRow } from "../../src/span-row/span-row.ts";
import { USAGE_RULES } from "../../src/usage/usage-rules.ts";

const BOOK = createPriceBook();
const START_MICROS = BigInt(Date.UTC(2026, 10, 23)) * 1000n;

/** An answered call: 1,000 input tokens of which 400 came from the cache, 200 output tokens. */
function row(values: SpanRow = {}): SpanRow {
  const empty = Object.fromEntries(SPAN_COLUMNS.map(({ name }) => [name, null]));
  return {
    ...empty,
    project_id: "p1",
    signal: "span",
    start_time: START_MICROS,
    received_at: START_MICROS + 2_000_000n,
    dialect: "otel-gen-ai",
    call_role: "inference",
    provider: "openai",
    response_model: "gpt-4o",
    input_tokens: 1000n,
    output_tokens: 200n,
    input_uncached_tokens: 600n,
    cache_read_tokens: 400n,
    usage_source: "reported",
    usage_basis: "spec",
    usage_rule: "otel-definition",
    cost_nano_usd: 4_000_000n,
    price_version: BOOK.version,
    billed: true,
    bill_rule: "call",
    attributes: '{"gen_ai.usage.input_tokens":1000,"gen_ai.usage.output_tokens":200}',
    ...values,
  };
}

const explain = (values: SpanRow = {}): CallExplanation => explainCall(row(values), BOOK);

const override = (values: Partial<PriceEntry>): PriceEntry => ({
  projectId: undefined,
  provider: "openai",
  model: "gpt-4o",
  match: "exact",
  serviceTier: "standard",
  change: { kind: "prices", prices: { input_mtok: "1", cache_read_mtok: "1", output_mtok: "1" } },
  validFrom: undefined,
  validUntil: undefined,
  recordedAt: new Date(Date.UTC(2026, 10, 24)),
  recordedBy: "ada",
  source: "contract 7",
  ...values,
});
const overridden = (entry: PriceEntry): ReturnType<typeof createPriceBook> =>
  createPriceBook([{ name: "test", version: "test@1", entries: [entry] }]);

describe("the bill of a call", () => {
  it("is parts x unit price, summed up exactly and rounded once", () => {
    const { bill } = explain();
    // $2.50, $1.25 and $10 per million tokens.
    expect(bill?.lines).toEqual([
      {
        part: "input_uncached",
        quantity: 600,
        picoUsdEach: 2_500_000n,
        picoUsd: 1_500_000_000n,
      },
      { part: "cache_read", quantity: 400, picoUsdEach: 1_250_000n, picoUsd: 500_000_000n },
      { part: "output_text", quantity: 200, picoUsdEach: 10_000_000n, picoUsd: 2_000_000_000n },
    ]);
    expect(bill).toMatchObject({
      sumPicoUsd: 4_000_000_000n,
      costNanoUsd: 4_000_000n,
      comparison: "same",
      model: "gpt-4o",
      modelColumn: "response_model",
    });
  });

  it("takes the model asked for where the book does not know the answering one", () => {
    const { bill } = explain({ response_model: "my-alias", request_model: "gpt-4o" });
    expect(bill).toMatchObject({ model: "gpt-4o", modelColumn: "request_model" });
  });

  it("shows the price of the day it arrived when an override was recorded later", () => {
    const { bill } = explainCall(row(), overridden(override({})));
    expect(bill).toMatchObject({
      comparison: "same_when_stored",
      costNanoUsd: 4_000_000n,
      todayNanoUsd: 1_200_000n,
      overrides: [],
    });
  });

  it("names the override that gave the price", () => {
    const early = override({ recordedAt: new Date(Date.UTC(2026, 0, 1)) });
    const { bill } = explainCall(row({ cost_nano_usd: 1_200_000n }), overridden(early));
    expect(bill).toMatchObject({
      comparison: "same",
      overrides: [{ layer: "test", source: "contract 7", recordedBy: "ada" }],
    });
  });

  it("says that the book has changed when no state of it gives the stored cost", () => {
    expect(explain({ cost_nano_usd: 5n }).bill).toMatchObject({
      comparison: "changed",
      costNanoUsd: 4_000_000n,
    });
  });

  it("compares the client's own claim, and never fills a gap with it", () => {
    expect(explain({ client_cost_nano_usd: 3_000_000n }).clientClaim).toEqual({
      nanoUsd: 3_000_000n,
      differenceNanoUsd: 1_000_000n,
    });
    const unknown = explain({ client_cost_nano_usd: 3n, cost_nano_usd: null });
    expect(unknown.clientClaim).toEqual({ nanoUsd: 3n, differenceNanoUsd: undefined });
    expect(unknown.costNanoUsd).toBeUndefined();
  });
});

const codeOf = (values: SpanRow): string | undefined =>
  explain({ cost_nano_usd: null, ...values }).noCost?.code;

describe("why a call has no cost", () => {
  it("is answered for every gap", () => {
    expect(codeOf({ response_model: "own-model" })).toBe("unknown_model");
    expect(codeOf({ provider: "my-cloud" })).toBe("unknown_provider");
    expect(codeOf({ service_tier: "moonlight" })).toBe("unknown_service_tier");
    expect(codeOf({ provider: null, response_model: "own-model" })).toBe("no_provider");
    expect(codeOf({ response_model: null })).toBe("no_model");
    expect(codeOf({ output_tokens: null })).toBe("output_not_counted");
    expect(codeOf({ input_tokens: null, output_tokens: null })).toBe("no_usage");
    expect(codeOf({})).toBe("priced_since");
  });

  it("gives the command that sets the price, with names that a shell takes as one word", () => {
    const { noCost } = explain({ cost_nano_usd: null, response_model: "x; rm -rf 'y'" });
    expect(noCost?.command).toContain(`prices set openai 'x; rm -rf '\\''y'\\''' --input`);
    expect(noCost?.text).toContain('provider "openai", model "x; rm -rf \'y\'"');
  });

  it("says why usage is missing and what to do about it", () => {
    const { noCost } = explain({
      cost_nano_usd: null,
      input_tokens: null,
      output_tokens: null,
      usage_source: "missing",
      usage_rule: "stream-without-usage",
    });
    expect(noCost?.text).toContain("the answer was streamed and no chunk carried the usage");
    expect(noCost?.advice).toContain("stream_options.include_usage");
  });

  it("is not asked of failed calls and of records that are no calls", () => {
    for (const bill_rule of ["failed", null]) {
      expect(explain({ cost_nano_usd: null, billed: null, bill_rule }).noCost).toBeUndefined();
    }
  });
});

describe("the verdict", () => {
  it.each(Object.keys(BILL_RULES))("of rule %s is a sentence of its own", (rule) => {
    const { verdict } = explain({ bill_rule: rule, billed: rule.startsWith("call") });
    expect(verdict.text).toMatch(/^[A-Z].*\.$/);
    expect(verdict.text).not.toContain(`"${rule}"`);
    expect(verdict.rule).toBe(rule);
  });

  it("names a rule that it does not know", () => {
    expect(explain({ billed: false, bill_rule: "of-tomorrow" }).verdict).toMatchObject({
      kind: "repeated",
      text: 'Not billed by the rule "of-tomorrow".',
    });
  });

  it("says which record is billed instead", () => {
    const { verdict } = explain({ billed: false, bill_rule: "nested", shadowed_by: "aa" });
    expect(verdict).toMatchObject({ kind: "repeated", shadowedBy: "aa" });
  });

  it.each([
    ["tool", "A tool ran here"],
    ["agent", "An agent at work"],
    ["inference", "names neither a model nor any usage"],
    [null, "Nothing on this record says that a model was called"],
  ])("on a record with role %s that is no call says why", (call_role, words) => {
    const { verdict } = explain({ call_role, billed: null, bill_rule: null });
    expect(verdict.kind).toBe("no_call");
    expect(verdict.text).toContain(words);
  });

  it("on a record with counts that nobody reads says that they are in no total", () => {
    const unread = { call_role: null, billed: null, bill_rule: null, usage_rule: "unread-count" };
    const { verdict } = explain({ ...unread, usage_source: "missing" });
    expect(verdict.text).toContain("under names that are not known here");
  });

  it("on a metric says that it sums up calls", () => {
    const metric = explain({ signal: "metric", billed: null, bill_rule: null });
    expect(metric.verdict.text).toContain("sums up many calls");
  });
});

describe("usage as it was sent", () => {
  it("is shown with its meaning, what counts first", () => {
    const { usage } = explain({
      attributes: JSON.stringify({
        "gen_ai.usage.prompt_tokens": 999,
        "gen_ai.usage.input_tokens": 1000,
        "my.token_count": 5,
        "gen_ai.request.max_tokens": 4096,
        "user.name": "x",
      }),
    });
    expect(usage.sent).toEqual([
      {
        name: "gen_ai.usage.input_tokens",
        value: "1000",
        meaning: "input tokens",
        isUsed: true,
      },
      {
        name: "gen_ai.usage.prompt_tokens",
        value: "999",
        meaning: "input tokens",
        isUsed: false,
      },
      { name: "my.token_count", value: "5", meaning: undefined, isUsed: false },
    ]);
  });

  it("shows what only another dialect would read", () => {
    const attributes = JSON.stringify({ input_token_count: 7 });
    const shown = { name: "input_token_count", value: "7" };
    expect(explain({ dialect: "otel-gen-ai", attributes }).usage.sent).toEqual([
      { ...shown, meaning: undefined, isUsed: false },
    ]);
    expect(explain({ dialect: "gemini-cli", attributes }).usage.sent).toEqual([
      { ...shown, meaning: "input tokens", isUsed: true },
    ]);
  });

  it("is found inside JSON, and loses against a value that was sent directly", () => {
    const { usage } = explain({
      dialect: "vercel-ai",
      attributes: JSON.stringify({
        "ai.response.providerMetadata": JSON.stringify({
          anthropic: { usage: { input_tokens: 7, cache_read_input_tokens: 3 } },
        }),
        "ai.usage.cachedInputTokens": 4,
      }),
    });
    expect(usage.sent.map(({ name, isUsed }) => [name, isUsed])).toEqual([
      ["ai.response.providerMetadata > anthropic.usage.input_tokens", true],
      ["ai.usage.cachedInputTokens", true],
      ["ai.response.providerMetadata > anthropic.usage.cache_read_input_tokens", false],
    ]);
  });

  it("survives attributes that are not JSON, and values that are too long", () => {
    expect(explain({ attributes: "{" }).usage.sent).toEqual([]);
    const [long] = explain({
      attributes: JSON.stringify({ "gen_ai.usage.input_tokens": "9".repeat(5000) }),
    }).usage.sent;
    expect(long?.value).toHaveLength(121);
  });

  it("comes with the oddities that the collector found", () => {
    const attributes = '{"lensai.ingest.flags":["usage_total_mismatch","truncated"]}';
    expect(explain({ attributes }).usage.oddities).toHaveLength(1);
  });

  it.each(USAGE_RULES.map(({ name }) => name))("is read by rule %s, in words", (usage_rule) => {
    expect(explain({ usage_rule }).usage.rule?.words).toMatch(/\w{3} \w/);
  });
});
