import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { describe, expect, test } from "vitest";
import { producerFigures } from "../../src/queries/producer-figures.ts";
import { producerFindings } from "../../src/queries/producer-findings.ts";
import type { QueryTarget } from "../../src/queries/query-source.ts";
import { unpricedModels } from "../../src/queries/unpriced-models.ts";
import { DAY_MS, useTestLake, spanRow } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const input = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000, limit: 10 };
const shop = { service_name: "shop", scope_name: "openai", scope_version: "1", dialect: "otel" };

const call = (startMs: number, values: SpanRow = {}): SpanRow =>
  spanRow(startMs, {
    ...shop,
    bill_rule: "call",
    usage_source: "reported",
    usage_rule: "otel-definition",
    provider: "openai",
    response_model: "gpt",
    input_tokens: 100n,
    output_tokens: 10n,
    cost_nano_usd: 1000n,
    ...values,
  });

const rows: readonly SpanRow[] = [
  call(1),
  call(2, { usage_source: "derived" }),
  call(3, { usage_source: "estimated", usage_rule: "guess", cost_nano_usd: 500n }),
  call(4, {
    usage_source: "missing",
    usage_rule: "stream-without-usage",
    input_tokens: null,
    output_tokens: null,
    cost_nano_usd: null,
  }),
  call(5, { response_model: "own", cost_nano_usd: null, client_cost_nano_usd: 7n }),
  call(6, { billed: false, bill_rule: "failed", cost_nano_usd: null, usage_source: null }),
  call(7, { billed: false, bill_rule: "nested", cost_nano_usd: 1000n }),
  call(8, { billed: false, bill_rule: "aggregate", cost_nano_usd: 2000n }),
  call(9, { billed: null, bill_rule: null, usage_source: null, call_role: "tool" }),
  call(10, { scope_version: "2" }),
  call(11, { project_id: "p2" }),
  call(12, { signal: "metric", billed: null }),
  call(60_000, {}),
];

async function target(name: string): Promise<QueryTarget> {
  return { duckDb, source: { files: [await lake.write(name, rows)] } };
}

describe("figures of producers", () => {
  test("count every record once, under what it came to", async () => {
    const { producers, others } = await producerFigures("p1", input, await target("figures"));
    expect(others).toBeUndefined();
    expect(producers).toHaveLength(2);
    const [first, second] = producers;
    expect(first).toEqual({
      serviceName: "shop",
      scopeName: "openai",
      scopeVersion: "1",
      dialect: "otel",
      records: 9,
      calls: 6,
      billedCalls: 5,
      failedCalls: 1,
      repeatedRecords: 1,
      aggregateRecords: 1,
      notBilledNanoUsd: 3000n,
      reportedCalls: 3,
      estimatedCalls: 1,
      missingCalls: 1,
      pricedCalls: 3,
      costNanoUsd: 2500n,
      estimatedNanoUsd: 500n,
      pricedTokens: 330n,
      firstUnixMs: DAY_MS + 1,
      lastUnixMs: DAY_MS + 9,
    });
    expect(second).toMatchObject({ scopeVersion: "2", records: 1, billedCalls: 1 });
  });

  test("are those with the most calls, up to the limit, and of all others together", async () => {
    const more = [...rows, call(12, { scope_version: "3", cost_nano_usd: 5n })];
    const files = [await lake.write("limited", more)];
    const asked = { ...input, limit: 1 };
    const some = await producerFigures("p1", asked, { duckDb, source: { files } });
    expect(some.producers.map(({ scopeVersion }) => scopeVersion)).toEqual(["1"]);
    expect(some.others).toMatchObject({
      producers: 2,
      records: 2,
      billedCalls: 2,
      failedCalls: 0,
      costNanoUsd: 1005n,
      pricedTokens: 220n,
      firstUnixMs: DAY_MS + 10,
      lastUnixMs: DAY_MS + 12,
    });
  });

  test("are none without files", async () => {
    const none = { duckDb, source: { files: [] } };
    expect(await producerFigures("p1", input, none)).toEqual({ producers: [] });
    expect(await producerFindings("p1", input, none)).toEqual([]);
    expect(await unpricedModels("p1", input, none)).toEqual({ models: [] });
  });
});

test("findings name the rule behind missing, estimated and repeated records", async () => {
  const found = await producerFindings("p1", input, await target("findings"));
  expect(
    found.map(({ kind, rule, records, costNanoUsd }) => [kind, rule, records, costNanoUsd]),
  ).toEqual([
    ["estimated", "guess", 1, 500n],
    ["missing", "stream-without-usage", 1, 0n],
    ["repeated", "nested", 1, 1000n],
  ]);
});

test("findings without a line of their own are one for each kind and rule", async () => {
  const guess = { usage_source: "estimated", usage_rule: "guess" };
  const more = ["2", "3"].map((version, at) => call(20 + at, { ...guess, scope_version: version }));
  const files = [await lake.write("more-findings", [call(3, guess), call(4, guess), ...more])];
  const asked = { ...input, limit: 1 };
  const found = await producerFindings("p1", asked, { duckDb, source: { files } });
  expect(found).toMatchObject([
    { scopeVersion: "1", rule: "guess", records: 2 },
    { serviceName: undefined, scopeVersion: undefined, rule: "guess", records: 2, others: 2 },
  ]);
});

test("findings name records that are no calls and count tokens that nobody reads", async () => {
  const unread = { usage_source: "missing", usage_rule: "unread-count", bill_rule: null };
  const stranger = call(1, { ...unread, billed: null, dialect: null, cost_nano_usd: null });
  const files = [await lake.write("unread", [stranger, call(2)])];
  expect(await producerFindings("p1", input, { duckDb, source: { files } })).toMatchObject([
    { kind: "unread", rule: "unread-count", records: 1, costNanoUsd: 0n },
  ]);
});

test("unpriced models are those with usage and without a cost", async () => {
  const own = {
    provider: "openai",
    model: "own",
    calls: 1,
    inputTokens: 100n,
    outputTokens: 10n,
    clientCostNanoUsd: 7n,
    lastUnixMs: DAY_MS + 5,
  };
  expect(await unpricedModels("p1", input, await target("unpriced"))).toEqual({ models: [own] });
  const unknown = { cost_nano_usd: null, input_tokens: 1n, output_tokens: null };
  const more = ["a", "b"].map((model, at) => call(20 + at, { ...unknown, response_model: model }));
  const files = [await lake.write("more-unpriced", [...rows, ...more])];
  const asked = { ...input, limit: 1 };
  expect(await unpricedModels("p1", asked, { duckDb, source: { files } })).toEqual({
    models: [own],
    others: {
      models: 2,
      calls: 2,
      inputTokens: 2n,
      outputTokens: 0n,
      clientCostNanoUsd: undefined,
      lastUnixMs: DAY_MS + 21,
    },
  });
});
