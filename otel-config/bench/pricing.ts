// What normalising and pricing cost per span: node otel-config/bench/pricing.ts
import { createBaseBook } from "../src/pricing/base-book.ts";
import { priceCall, priceCallNumber } from "../src/pricing/price-call.ts";
import type { UnitPrices } from "../src/pricing/unit-prices.ts";
import { normaliseUsage } from "../src/usage/normalise-usage.ts";
import { createNormalUsage, createRawUsage } from "../src/usage/usage.ts";
import type { RawUsage } from "../src/usage/usage.ts";

const SPANS = 4096;
const ROUNDS = 200;
const REPEATS = 7;
const AT = new Date("2026-09-01T12:00:00Z");

const MODELS = [
  ["openai", "gpt-4o"],
  ["openai", "o3"],
  ["anthropic", "claude-sonnet-4-5"],
  ["gcp.gemini", "gemini-2.5-pro"],
  ["aws.bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"],
  ["openai", "text-embedding-3-small"],
] as const;

/** Numbers that look like traffic and are the same in every run. */
function sampleUsage(seed: number): RawUsage {
  const raw = createRawUsage();
  raw.input = 100 + ((seed * 7919) % 30_000);
  raw.output = 1 + ((seed * 104_729) % 2_000);
  raw.inputConvention = seed % 2 === 0 ? "inclusive" : "exclusive";
  if (seed % 3 === 0) raw.cacheRead = (seed * 31) % raw.input;
  if (seed % 5 === 0) raw.cacheWrite = (seed * 17) % 1_000;
  if (seed % 4 === 0) raw.reasoning = (seed * 13) % raw.output;
  if (seed % 7 === 0) raw.total = raw.input + raw.output;
  return raw;
}

interface Sample {
  readonly raw: RawUsage;
  readonly prices: UnitPrices;
}

const book = createBaseBook();
const resolved = MODELS.map(([provider, model]) => {
  const prices = book.resolve(provider, model, AT);
  if (prices === undefined) throw new Error(`the price book does not know ${provider} ${model}`);
  return prices;
});
const samples = Array.from({ length: SPANS }, (_, seed): Sample => {
  const prices = resolved[seed % resolved.length];
  if (prices === undefined) throw new Error("no model to price with");
  return { raw: sampleUsage(seed), prices };
});
const usage = createNormalUsage();

const stages: Record<string, (sample: Sample) => unknown> = {
  normaliseUsage: ({ raw }) => normaliseUsage(raw, usage).input,
  "normaliseUsage + priceCallNumber": ({ raw, prices }) =>
    priceCallNumber(normaliseUsage(raw, usage), prices),
  "normaliseUsage + priceCall (bigint)": ({ raw, prices }) =>
    priceCall(normaliseUsage(raw, usage), prices),
};

function run(stage: (sample: Sample) => unknown): { ns: number; bytes: number } {
  const heapBefore = process.memoryUsage().heapUsed;
  const startedAt = process.hrtime.bigint();
  for (let round = 0; round < ROUNDS; round += 1) for (const sample of samples) stage(sample);
  const ns = Number(process.hrtime.bigint() - startedAt) / (ROUNDS * SPANS);
  return { ns, bytes: (process.memoryUsage().heapUsed - heapBefore) / (ROUNDS * SPANS) };
}

const results = new Map(
  Object.keys(stages).map((name) => [name, { ns: Infinity, bytes: Infinity }]),
);
for (let repeat = 0; repeat < REPEATS; repeat += 1) {
  for (const [name, stage] of Object.entries(stages)) {
    const { ns, bytes } = run(stage);
    const best = results.get(name);
    results.set(name, {
      ns: Math.min(ns, best?.ns ?? ns),
      bytes: Math.min(Math.max(bytes, 0), best?.bytes ?? bytes),
    });
  }
}
for (const [name, { ns, bytes }] of results) {
  console.log(
    `${name.padEnd(40)} ${ns.toFixed(1).padStart(8)} ns/span ${bytes.toFixed(2).padStart(8)} heap bytes/span`,
  );
}
