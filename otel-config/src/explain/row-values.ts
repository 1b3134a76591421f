import type { SpanRow } from "../span-row/span-row.ts";
import type { NormalUsage, UsageBasis, UsageSource } from "../usage/usage.ts";

/** A text column; undefined for NULL and for the empty text, which say the same. */
export function textOf(row: SpanRow, column: string): string | undefined {
  const value = row[column];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** An int64 column; undefined for NULL. */
export function bigintOf(row: SpanRow, column: string): bigint | undefined {
  const value = row[column];
  return typeof value === "bigint" ? value : undefined;
}

function countOf(row: SpanRow, column: string): number | undefined {
  const value = bigintOf(row, column);
  return value === undefined ? undefined : Number(value);
}

/** The usage columns of a row as the normal form that was written into them. */
export function usageOfRow(row: SpanRow): NormalUsage {
  return {
    input: countOf(row, "input_tokens"),
    output: countOf(row, "output_tokens"),
    inputUncached: countOf(row, "input_uncached_tokens"),
    toolUsePrompt: countOf(row, "tool_use_prompt_tokens"),
    cacheRead: countOf(row, "cache_read_tokens"),
    cacheWrite5m: countOf(row, "cache_write_5m_tokens"),
    cacheWrite1h: countOf(row, "cache_write_1h_tokens"),
    reasoning: countOf(row, "reasoning_tokens"),
    audioInput: countOf(row, "audio_input_tokens"),
    audioOutput: countOf(row, "audio_output_tokens"),
    imageInput: countOf(row, "image_input_tokens"),
    imageOutput: countOf(row, "image_output_tokens"),
    webSearches: countOf(row, "web_search_requests"),
    basis: textOf(row, "usage_basis") as UsageBasis | undefined,
    source: (textOf(row, "usage_source") as UsageSource | undefined) ?? "missing",
    flags: 0,
  };
}

/** The object that the `attributes` column holds; empty when it holds none. */
export function attributesOf(row: SpanRow): Readonly<Record<string, unknown>> {
  const parsed = parseJson(textOf(row, "attributes") ?? "{}");
  return isObject(parsed) ? parsed : {};
}

/** Undefined for text that is not JSON. */
export function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
