import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { IS_BILLED_CALL, MODEL, checkCount, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_UNPRICED_MODELS = 5000;

export interface UnpricedModelsInput extends TimeRange {
  /** How many models, those with the most tokens first. */
  readonly limit: number;
}

/** Billed calls of one model whose usage is known and whose cost is not. */
export interface UnpricedModel {
  readonly provider: string | undefined;
  /** The model that answered, else the one asked for. */
  readonly model: string | undefined;
  readonly serviceTier: string | undefined;
  readonly calls: number;
  /** Sums of what is known. */
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  /** What the clients themselves say that the calls cost; undefined when none of them does. */
  readonly clientCostNanoUsd: bigint | undefined;
  readonly lastUnixMs: number;
}

export async function unpricedModels(
  projectId: string,
  input: UnpricedModelsInput,
  target: QueryTarget,
): Promise<UnpricedModel[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_UNPRICED_MODELS);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`
    SELECT provider, ${MODEL} AS model, service_tier, count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS calls,
      sum(coalesce(input_tokens, 0)) AS input_sum,
      sum(coalesce(output_tokens, 0)) AS output_sum,
      sum(client_cost_nano_usd) AS client_cost, max(start_unix_nano) AS last_nano
    ${rowsOf(projectId, input, target.source)} AND billed AND cost_nano_usd IS NULL
      AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)
    GROUP BY ALL
    ORDER BY input_sum + output_sum DESC, calls DESC, provider NULLS LAST, model NULLS LAST,
      service_tier NULLS LAST
    LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => toModel(row));
}

const NANOS_PER_MS = 1_000_000n;

function toModel(row: SqlRow): UnpricedModel {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  return {
    provider: text("provider"),
    model: text("model"),
    serviceTier: text("service_tier"),
    calls: Number(row["calls"]),
    inputTokens: row["input_sum"] as bigint,
    outputTokens: row["output_sum"] as bigint,
    clientCostNanoUsd: (row["client_cost"] as bigint | null) ?? undefined,
    lastUnixMs: Number((row["last_nano"] as bigint) / NANOS_PER_MS),
  };
}
