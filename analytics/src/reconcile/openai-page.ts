import { parseUsd } from "@lensai/otel-config/money";
import type { Measures } from "./provider-record.ts";
import { fileError, isFields, optionalCount, optionalText, requireUsd } from "./read-fields.ts";
import type { Fields } from "./read-fields.ts";
import type { BucketResult, ResultShape } from "./result-shape.ts";

/**
 * Results of OpenAI's organization API, by their `object`
 * (https://platform.openai.com/docs/api-reference/usage). Input tokens include cached ones.
 */
export const OPENAI_SHAPES: ReadonlyMap<string, ResultShape> = new Map([
  ["organization.costs.result", { subject: "openai costs", groupBy: "line_item", read: readCost }],
  [
    "organization.usage.completions.result",
    { subject: "openai completions usage", groupBy: "model", read: readCompletions },
  ],
  [
    "organization.usage.embeddings.result",
    { subject: "openai embeddings usage", groupBy: "model", read: readEmbeddings },
  ],
]);

/** "gpt-4o-mini-2024-07-18, cached input", with "evals | " before it where another product made the call. */
const MODEL_LINE = /^(?:[^|]+\|\s*)?([^\s,|]+)(?:(?: \w+)?,.*)?$/;

function readCost(result: Fields, where: string): BucketResult {
  const { amount } = result;
  if (!isFields(amount)) throw fileError(where, `"amount" is missing`);
  requireUsd(amount, where);
  const { value } = amount;
  const isNumber = typeof value === "number" || typeof value === "string";
  const costNanoUsd = isNumber ? parseUsd(value) : undefined;
  if (costNanoUsd === undefined) {
    throw fileError(where, `"amount.value" is ${JSON.stringify(value)}: give dollars`);
  }
  const line = optionalText(result, "line_item", where);
  const model = line === undefined ? undefined : MODEL_LINE.exec(line)?.[1];
  return { model, item: model === undefined ? line : undefined, told: { costNanoUsd } };
}

function readCompletions(result: Fields, where: string): BucketResult {
  return ofModel(result, where, {
    ...requestsAndInput(result, where),
    cacheReadTokens: optionalCount(result, "input_cached_tokens", where),
    outputTokens: optionalCount(result, "output_tokens", where),
  });
}

function readEmbeddings(result: Fields, where: string): BucketResult {
  return ofModel(result, where, requestsAndInput(result, where));
}

function requestsAndInput(
  result: Fields,
  where: string,
): Pick<Measures, "requests" | "inputTokens"> {
  return {
    requests: optionalCount(result, "num_model_requests", where),
    inputTokens: optionalCount(result, "input_tokens", where),
  };
}

function ofModel(result: Fields, where: string, told: Partial<Measures>): BucketResult {
  return { model: optionalText(result, "model", where), item: undefined, told };
}
