import { explainCall } from "@lensai/otel-config/explain/explain-call";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { render } from "svelte/server";
import { expect, test } from "vitest";
import { headlineOf, toWire, wireText, type Headline } from "#lib/arithmetic.ts";
import Arithmetic from "#lib/components/arithmetic/Arithmetic.svelte";
import { callRow } from "../support/sample-lake.ts";

const START = Date.parse("2026-11-23T14:05:09Z");
const BOOK = createPriceBook();
const COSTS = { input_uncached_tokens: 1000n, usage_basis: "spec", usage_rule: "otel-definition" };

const explain = (values: Parameters<typeof callRow>[1]) =>
  toWire(explainCall(callRow(START, { ...COSTS, ...values }), BOOK));
const headline = (values: Parameters<typeof callRow>[1]): Headline => headlineOf(explain(values));

test("amounts cross as decimal text, beyond what a JSON number can hold", () => {
  expect(wireText({ cost: 9_007_199_254_740_993n, none: undefined })).toBe(
    '{"cost":"9007199254740993"}',
  );
});

test("the headline says first what the record counts as", () => {
  expect(headline({}).badge).toBe("billed");
  expect(headline({ usage_source: "estimated", usage_rule: "x" })).toMatchObject({
    badge: "estimated",
    tone: "warn",
  });
  expect(headline({ cost_nano_usd: null, response_model: "own-model" })).toMatchObject({
    badge: "cost unknown",
    tone: "warn",
    text: expect.stringContaining('model "own-model"') as string,
  });
  expect(headline({ billed: false, bill_rule: "failed" }).badge).toBe("failed, not billed");
  expect(headline({ billed: false, bill_rule: "twin" }).badge).toBe("not billed: a repeat");
  expect(headline({ billed: false, bill_rule: "aggregate" }).badge).toBe("not billed: a sum");
  expect(headline({ billed: null, bill_rule: null }).badge).toBe("not a call");
});

/** The text of the drawer, as a person or a screen reader meets it. */
function drawerText(
  values: Parameters<typeof callRow>[1],
  related: readonly object[] = [],
): string {
  const record = { batchId: "b", startUnixMs: START, signal: "span", traceId: "t" };
  const arithmetic = { record, explanation: explain(values), related };
  const request = { page: { data: { dataDir: "/srv/lens" } }, navigating: {} };
  const { body } = render(Arithmetic, {
    props: { arithmetic, projectId: "p" } as never,
    context: new Map([["__request__", request]]),
  });
  return body
    .replaceAll(/<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
}

test("the drawer shows parts times price and that the sum is the stored cost", () => {
  const text = drawerText({});
  expect(text).toContain("Input 1,000 × $2.50 /M $0.0025 Output 200 × $10.00 /M $0.002");
  expect(text).toContain("Sum $0.0045 Equal to the stored cost, to the nano-dollar.");
  expect(text).toContain("gpt-4o the model that answered");
  expect(text).toContain("No other record speaks of it.");
});

test("the drawer shows the exact sum where it is rounded", () => {
  const text = drawerText({
    response_model: "amazon.nova-micro-v1:0",
    provider: "aws.bedrock",
    input_tokens: 1n,
    input_uncached_tokens: null,
    // At $0.00875 per million, a quarter of the price of input.
    cache_read_tokens: 1n,
    output_tokens: 0n,
    cost_nano_usd: null,
  });
  expect(text).toContain("Exact sum $0.00000000875 Rounded once, half up, to nano-dollars");
  expect(text).toContain("The stored cost stays unknown");
});

test("the drawer compares the client's claim with ours", () => {
  expect(drawerText({ client_cost_nano_usd: 4_500_000n })).toContain("$0.0045 the same as ours");
  expect(drawerText({ client_cost_nano_usd: 4_000_000n })).toContain("ours is +$0.0005");
});

test("the drawer leads to the form that sets an unknown price and names who repeats a call", () => {
  const other = {
    batchId: "0123456789abcdef0123456789abcdef",
    recordOrdinal: "4",
    traceId: "another",
    startUnixMs: START,
    signal: "log",
    spanName: "claude_code.api_request",
    scopeName: "com.example",
    isBilled: false,
    billRule: "twin",
    inputTokens: 1,
    outputTokens: 2,
  };
  const text = drawerText({ cost_nano_usd: null, response_model: "own-model" }, [other]);
  expect(text).toContain("calls from then on are priced with it. Set its price");
  expect(text).toContain("claude_code.api_request");
  expect(text).toContain("log of com.example · another trace 3 tokens · unknown");
});
