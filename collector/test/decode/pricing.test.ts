import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import type { PriceLayer } from "@lensai/otel-config/pricing/price-layer";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { expect, test } from "vitest";
import { RECEIVED_AT_MS, createDecoder } from "./decode.ts";
import { requestType } from "./oracle.ts";

const type = requestType("Trace");
const START = 1_795_400_000_000_000_000n;

/** A call of 1,000 input and 100 output tokens; gpt-5 lists at $1.25 and $10 per million. */
function callBody(attributes: Readonly<Record<string, string>>, start = START): Uint8Array {
  const texts = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-5",
    ...attributes,
  };
  const span = {
    traceId: Buffer.alloc(16, 1),
    spanId: Buffer.alloc(8, 2),
    name: "chat",
    startTimeUnixNano: start.toString(),
    endTimeUnixNano: (start + 5n).toString(),
    attributes: [
      ...Object.entries(texts).map(([key, stringValue]) => ({ key, value: { stringValue } })),
      { key: "gen_ai.usage.input_tokens", value: { intValue: 1000 } },
      { key: "gen_ai.usage.output_tokens", value: { intValue: 100 } },
    ],
  };
  return type
    .encode(type.fromObject({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] }))
    .finish();
}

const LIST_NANO = 2_250_000n;

function layer(version: string, input: number, projectId?: string): PriceLayer {
  return {
    name: "overrides",
    version,
    entries: [
      {
        projectId,
        provider: "openai",
        model: "gpt-5",
        match: "exact",
        serviceTier: "standard",
        change: { kind: "prices", prices: { input_mtok: input } },
        validFrom: undefined,
        validUntil: undefined,
        recordedAt: new Date("2026-01-01T00:00:00Z"),
        recordedBy: "ann",
        source: "negotiated",
      },
    ],
  };
}

test.each([
  ["openai.response.service_tier", "default", LIST_NANO],
  ["openai.response.service_tier", "flex", LIST_NANO / 2n],
  ["openai.request.service_tier", "priority", LIST_NANO * 2n],
  ["gen_ai.openai.response.service_tier", "batch", LIST_NANO / 2n],
])("a call whose %s is %s is priced in that tier", (name, tier, expected) => {
  const [row] = createDecoder()(callBody({ [name]: tier })).rows;
  expect(row).toMatchObject({ service_tier: tier, cost_nano_usd: expected });
});

test("a tier without a published price costs an unknown amount, not the standard price", () => {
  const [row] = createDecoder()(callBody({ "openai.response.service_tier": "scale" })).rows;
  expect(row).toMatchObject({ billed: true, cost_nano_usd: null, price_version: null });
});

test("a price negotiated for one project is not the price of another", () => {
  const decode = createDecoder(16, createPriceBook([layer("overrides@1", 1, "p2")]));
  const costIn = (projectId: string): unknown =>
    decode(callBody({}), { projectId }).rows[0]?.["cost_nano_usd"];
  expect(["p1", "p2", "p1"].map(costIn)).toEqual([LIST_NANO, 2_000_000n, LIST_NANO]);
});

test("calls of several tiers, providers and projects in a row do not take each other's prices", () => {
  const decode = createDecoder(64, createPriceBook([layer("overrides@1", 1, "p2")]));
  const tier = "openai.response.service_tier";
  const calls = [
    [{}, "p1", LIST_NANO],
    [{ [tier]: "flex" }, "p1", LIST_NANO / 2n],
    [{ "gen_ai.provider.name": "vllm" }, "p1", null],
    [{ "gen_ai.provider.name": "azure" }, "p1", LIST_NANO],
    [{ [tier]: "flex" }, "p2", 1_000_000n],
    [{ [tier]: "flex" }, "p1", LIST_NANO / 2n],
    [{ [tier]: "scale" }, "p1", null],
    [{}, "p2", 2_000_000n],
  ] as const;
  for (const [attributes, projectId, expected] of [...calls, ...calls]) {
    const [row] = decode(callBody(attributes), { projectId }).rows;
    expect(row?.["cost_nano_usd"]).toBe(expected);
  }
});

test("when the book changes, the next request has its prices and its version", () => {
  let current = createPriceBook([layer("overrides@1", 1)]);
  const book: PriceBook = {
    get version() {
      return current.version;
    },
    resolve: (query) => current.resolve(query),
  };
  const decode = createDecoder(16, book);
  const rowOf = (): SpanRow | undefined => decode(callBody({})).rows[0];
  expect(rowOf()).toMatchObject({ cost_nano_usd: 2_000_000n, price_version: book.version });
  current = createPriceBook([layer("overrides@2", 3)]);
  expect(book.version).toMatch(/overrides@2$/);
  expect(rowOf()).toMatchObject({ cost_nano_usd: 4_000_000n, price_version: book.version });
});

const HOUR_MS = 3_600_000;

/** One price until an hour before the request, another one since, a third one from an hour after it. */
function changingBook(): PriceBook {
  return createPriceBook([
    layerWithin(3, undefined, -HOUR_MS),
    layerWithin(5, -HOUR_MS, HOUR_MS),
    layerWithin(7, HOUR_MS, undefined),
  ]);
}

function layerWithin(
  input: number,
  fromMs: number | undefined,
  untilMs: number | undefined,
): PriceLayer {
  const { entries, ...rest } = layer(String(input), input);
  const times = { validFrom: dateAt(fromMs), validUntil: dateAt(untilMs) };
  return { ...rest, entries: entries.map((entry) => Object.assign(entry, times)) };
}

function dateAt(offsetMs: number | undefined): Date | undefined {
  return offsetMs === undefined ? undefined : new Date(RECEIVED_AT_MS + offsetMs);
}

test.each([
  ["a day before it was received", -24 * HOUR_MS, 4_000_000n, false],
  ["four minutes after it was received", HOUR_MS / 15, 6_000_000n, false],
  ["two hours after it was received", 2 * HOUR_MS, 6_000_000n, true],
  ["two years before it was received", -17_520 * HOUR_MS, 6_000_000n, true],
  ["at no time", -RECEIVED_AT_MS, 6_000_000n, true],
])("a call that says it was made %s has the price of a time that can be", (...given) => {
  const [, offsetMs, cost, isMarked] = given;
  const body = callBody({}, BigInt(RECEIVED_AT_MS + offsetMs) * 1_000_000n);
  const [row] = createDecoder(16, changingBook())(body).rows;
  expect(row?.["cost_nano_usd"]).toBe(cost);
  const { "lensai.ingest.flags": flags } = JSON.parse(String(row?.["attributes"])) as {
    "lensai.ingest.flags"?: string[];
  };
  expect(flags).toEqual(isMarked ? ["time_absurd"] : undefined);
});
