import { createNormalUsage } from "@lensai/otel-config/usage/usage";
import type { NormalUsage } from "@lensai/otel-config/usage/usage";
import { trustedMicros } from "@lensai/otel-config/span-row/trusted-time";
import type { CallSubject } from "@lensai/otel-config/pricing/call-prices";
import type { SqlResult, SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { checkRange, rowsOf } from "../queries/query-source.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";

/** One billed call, as far as its price depends on it. */
export interface BilledCall {
  readonly subject: CallSubject;
  readonly usage: NormalUsage;
  readonly startUnixMs: number;
  /** As it was priced when it came. */
  readonly costNanoUsd: bigint | undefined;
  readonly clientCostNanoUsd: bigint | undefined;
}

const NANOS_PER_MS = 1_000_000n;

/** The billed calls of a project, in any order. A range holds so many at most as fit in memory. */
export async function billedCalls(
  projectId: string,
  range: TimeRange,
  { duckDb, source }: QueryTarget,
): Promise<BilledCall[]> {
  checkRange(range);
  // COLUMNS leaves out what files of an older row version do not have.
  const rows = await duckDb.query(sql`SELECT COLUMNS(
    '^(signal|provider|request_model|response_model|service_tier|start_unix_nano|.*_tokens|web_search_requests|(client_)?cost_nano_usd)$'
    ), epoch_us(received_at) AS received_micros ${rowsOf(projectId, range, source)} AND billed`);
  return rows.map((row) => toCall(row, projectId));
}

function toCall(row: SqlRow, projectId: string): BilledCall {
  const startUnixMs = Number((row["start_unix_nano"] as bigint) / NANOS_PER_MS);
  return {
    subject: {
      projectId,
      provider: text(row["provider"]),
      requestModel: text(row["request_model"]),
      responseModel: text(row["response_model"]),
      serviceTier: text(row["service_tier"]),
      at: new Date(trustedMicros(startUnixMs * 1000, Number(row["received_micros"])) / 1000),
      isMetered: row["signal"] === "metric",
    },
    usage: toUsage(row),
    startUnixMs,
    costNanoUsd: amount(row["cost_nano_usd"]),
    clientCostNanoUsd: amount(row["client_cost_nano_usd"]),
  };
}

function toUsage(row: SqlRow): NormalUsage {
  return {
    ...createNormalUsage(),
    input: count(row["input_tokens"]),
    output: count(row["output_tokens"]),
    inputUncached: count(row["input_uncached_tokens"]),
    toolUsePrompt: count(row["tool_use_prompt_tokens"]),
    cacheRead: count(row["cache_read_tokens"]),
    cacheWrite5m: count(row["cache_write_5m_tokens"]),
    cacheWrite1h: count(row["cache_write_1h_tokens"]),
    reasoning: count(row["reasoning_tokens"]),
    audioInput: count(row["audio_input_tokens"]),
    audioOutput: count(row["audio_output_tokens"]),
    imageInput: count(row["image_input_tokens"]),
    imageOutput: count(row["image_output_tokens"]),
    webSearches: count(row["web_search_requests"]),
  };
}

function text(value: SqlResult | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function amount(value: SqlResult | undefined): bigint | undefined {
  return typeof value === "bigint" ? value : undefined;
}

function count(value: SqlResult | undefined): number | undefined {
  return typeof value === "bigint" ? Number(value) : undefined;
}
