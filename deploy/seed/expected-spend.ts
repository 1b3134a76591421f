import type { NanoUsd } from "@lensai/otel-config/money";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { priceCall } from "@lensai/otel-config/pricing/price-call";
import { normaliseUsage } from "@lensai/otel-config/usage/normalise-usage";
import { createNormalUsage, createRawUsage } from "@lensai/otel-config/usage/usage";
import type { SeedSpan, SeedTrace } from "./span.ts";

/** What was sent for one project, counted at the source: what the console must show for it. */
export interface ProjectTally {
  spans: number;
  calls: number;
  failedCalls: number;
  /** Answered calls whose model the price book does not know. */
  unpricedCalls: number;
  spendNanoUsd: NanoUsd;
}

export const emptyTally = (): ProjectTally => ({
  spans: 0,
  calls: 0,
  failedCalls: 0,
  unpricedCalls: 0,
  spendNanoUsd: 0n,
});

/** Adds traces to the tally of their project. */
export function tallyTraces(
  tally: ProjectTally,
  traces: readonly SeedTrace[],
  book: PriceBook,
): void {
  for (const span of traces.flatMap((trace) => trace.spans)) {
    tally.spans += 1;
    if (!isModelCall(span)) continue;
    tally.calls += 1;
    const cost = spanCost(span, book);
    if (span.error !== undefined) tally.failedCalls += 1;
    else if (cost === undefined) tally.unpricedCalls += 1;
    tally.spendNanoUsd += cost ?? 0n;
  }
}

function isModelCall(span: SeedSpan): boolean {
  const operation = span.attributes["gen_ai.operation.name"];
  return operation === "chat" || operation === "embeddings";
}

function spanCost(span: SeedSpan, book: PriceBook): NanoUsd | undefined {
  const text = (name: string): string | undefined => {
    const value = span.attributes[name];
    return typeof value === "string" ? value : undefined;
  };
  const model = text("gen_ai.response.model") ?? text("gen_ai.request.model");
  if (model === undefined) return undefined;
  const provider = text("gen_ai.provider.name") ?? text("gen_ai.system");
  const at = new Date(Number(span.startUnixNano / 1_000_000n));
  const { prices } = book.resolve({ provider, model, at });
  return prices === undefined
    ? undefined
    : priceCall(normaliseUsage(rawUsage(span), createNormalUsage()), prices);
}

function rawUsage(span: SeedSpan): ReturnType<typeof createRawUsage> {
  const count = (name: string): number | undefined => {
    const value = span.attributes[`gen_ai.usage.${name}`];
    return typeof value === "number" ? value : undefined;
  };
  return {
    ...createRawUsage(),
    input: count("input_tokens"),
    output: count("output_tokens"),
    cacheRead: count("cache_read.input_tokens"),
    cacheWrite: count("cache_write.input_tokens") ?? count("cache_creation.input_tokens"),
    reasoning: count("reasoning.output_tokens"),
  };
}
