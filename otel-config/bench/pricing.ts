// What normalising and pricing cost per span: node otel-config/bench/pricing.ts
import { createPriceBook } from "../src/pricing/layered-book.ts";
import { priceCall, priceCallNumber } from "../src/pricing/price-call.ts";
import type { UnitPrices } from "../src/pricing/unit-prices.ts";
import { normaliseUsage } from "../src/usage/normalise-usage.ts";
import { createNormalUsage, createRawUsage } from "../src/usage/usage.ts";
import type { RawUsage } from "../src/usage/usage.ts";

const SPANS = 4096;
const WARM_UP = 200;
const ROUNDS = 1000;
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

const book = createPriceBook();
const resolved = MODELS.map(([provider, model]) => {
  const { prices } = book.resolve({ provider, model, at: AT });
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

/** One pass over the samples: time, and how much the heap grew (no collection runs in so short a time). */
function pass(stage: (sample: Sample) => unknown): { ns: number; bytes: number } {
  const heapBefore = process.memoryUsage().heapUsed;
  const startedAt = process.hrtime.bigint();
  for (const sample of samples) stage(sample);
  const ns = Number(process.hrtime.bigint() - startedAt) / SPANS;
  return { ns, bytes: (process.memoryUsage().heapUsed - heapBefore) / SPANS };
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const passes = Object.keys(stages).map((): { ns: number; bytes: number }[] => []);
for (let round = 0; round < WARM_UP + ROUNDS; round += 1) {
  for (const [index, stage] of Object.values(stages).entries()) {
    const measured = pass(stage);
    if (round >= WARM_UP) passes[index]?.push(measured);
  }
}
for (const [index, name] of Object.keys(stages).entries()) {
  const measured = passes[index] ?? [];
  const ns = median(measured.map((one) => one.ns));
  const bytes = median(measured.map((one) => one.bytes));
  console.log(`${name.padEnd(36)} ${ns.toFixed(1)} ns/span, ${bytes.toFixed(1)} heap bytes/span`);
}
