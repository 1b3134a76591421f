import { scaleDecimal } from "@lensai/otel-config/money";
import {
  fileError,
  isFields,
  optionalCount,
  optionalText,
  requireUsd,
  sumOf,
} from "./read-fields.ts";
import type { Fields } from "./read-fields.ts";
import type { BucketResult, ResultShape } from "./result-shape.ts";

/** A cent in nano-USD is a one with so many zeros. */
const NANO_DIGITS_OF_A_CENT = 7;

/**
 * What Anthropic's usage and cost reports hold, of the Admin API and of the Analytics API
 * (https://platform.claude.com/docs/en/manage-claude/usage-cost-api): their results name no shape, so that a field
 * tells them apart.
 */
export function anthropicShape(result: Fields): ResultShape | undefined {
  if ("uncached_input_tokens" in result) return USAGE;
  return "amount" in result ? COSTS : undefined;
}

const USAGE: ResultShape = { subject: "anthropic usage", groupBy: "model", read: readUsage };
const COSTS: ResultShape = { subject: "anthropic costs", groupBy: "description", read: readCost };

/** Uncached, cache-read and cache-write tokens are apart there; the sum of them is the input. */
function readUsage(result: Fields, where: string): BucketResult {
  const written = isFields(result["cache_creation"]) ? result["cache_creation"] : {};
  const cacheReadTokens = optionalCount(result, "cache_read_input_tokens", where);
  const cacheWriteTokens = sumOf([
    optionalCount(written, "ephemeral_5m_input_tokens", where),
    optionalCount(written, "ephemeral_1h_input_tokens", where),
  ]);
  const uncached = optionalCount(result, "uncached_input_tokens", where);
  return {
    model: optionalText(result, "model", where),
    item: undefined,
    told: {
      // The report of older keys does not count requests.
      ...("requests" in result && { requests: optionalCount(result, "requests", where) }),
      inputTokens: sumOf([uncached, cacheReadTokens, cacheWriteTokens]),
      cacheReadTokens,
      cacheWriteTokens,
      outputTokens: optionalCount(result, "output_tokens", where),
    },
  };
}

/** The amount is decimal text, in cents. */
function readCost(result: Fields, where: string): BucketResult {
  requireUsd(result, where);
  const { amount } = result;
  const costNanoUsd =
    typeof amount === "string" ? scaleDecimal(amount, NANO_DIGITS_OF_A_CENT) : undefined;
  if (costNanoUsd === undefined) {
    throw fileError(where, `"amount" is ${JSON.stringify(amount)}: give cents as a text`);
  }
  const model = optionalText(result, "model", where);
  const item =
    optionalText(result, "description", where) ?? optionalText(result, "cost_type", where);
  return { model, item: model === undefined ? item : undefined, told: { costNanoUsd } };
}
