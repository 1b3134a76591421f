import { callPrices, costOfCall } from "@lensai/otel-config/pricing/call-prices";
import type { CostGap } from "@lensai/otel-config/pricing/call-prices";
import { createListBook } from "@lensai/otel-config/pricing/layered-book";
import type { PriceBook } from "@lensai/otel-config/pricing/price-book";
import { normaliseUsage } from "@lensai/otel-config/usage/normalise-usage";
import { createNormalUsage, createRawUsage } from "@lensai/otel-config/usage/usage";

/** Tokens are totals: input with what was read from and written to caches, output with reasoning. */
export interface CostQuestion {
  /** gen_ai.provider.name in any spelling; where it is absent, the model's name must say whose it is. */
  readonly provider?: string;
  readonly model: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens?: number;
  readonly cacheWriteTokens?: number;
  /** Now, when absent. */
  readonly at?: Date;
}

/** Nano-USD, or what is missing: an unknown cost is never 0. */
export type CostEstimate = { readonly costNanoUsd: bigint } | { readonly gap: CostGap };

let listBook: PriceBook | undefined;

/** The list price of a call that is to be made, or was. Your own prices are the collector's. */
export function estimateCost(question: CostQuestion): CostEstimate {
  const { provider, model, at = new Date() } = question;
  listBook ??= createListBook();
  const raw = createRawUsage();
  raw.input = question.inputTokens;
  raw.output = question.outputTokens;
  raw.cacheRead = question.cacheReadTokens;
  raw.cacheWrite = question.cacheWriteTokens;
  raw.inputConvention = "inclusive";
  const subject = { provider, at, requestModel: model, responseModel: undefined };
  return costOfCall(normaliseUsage(raw, createNormalUsage()), callPrices(listBook, subject));
}
