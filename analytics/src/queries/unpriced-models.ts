import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { IS_BILLED_CALL, MODEL, checkCount, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_UNPRICED_MODELS = 5000;

export interface UnpricedModelsInput extends TimeRange {
  /** How many models one by one, those with the most tokens first. */
  readonly limit: number;
}

/** Billed calls whose usage is known and whose cost is not. */
export interface UnpricedCalls {
  readonly calls: number;
  /** Sums of what is known. */
  readonly inputTokens: bigint;
  readonly outputTokens: bigint;
  /** What the clients themselves say that the calls cost; undefined when none of them does. */
  readonly clientCostNanoUsd: bigint | undefined;
  readonly lastUnixMs: number;
}

/** Of one model. */
export interface UnpricedModel extends UnpricedCalls {
  readonly provider: string | undefined;
  /** The model that answered, else the one asked for. */
  readonly model: string | undefined;
  readonly serviceTier: string | undefined;
}

/** Of all models beyond the limit together. */
export interface OtherUnpricedModels extends UnpricedCalls {
  readonly models: number;
}

export interface RankedUnpricedModels {
  readonly models: readonly UnpricedModel[];
  /** Undefined when there are no more. */
  readonly others: OtherUnpricedModels | undefined;
}

export async function unpricedModels(
  projectId: string,
  input: UnpricedModelsInput,
  target: QueryTarget,
): Promise<RankedUnpricedModels> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_UNPRICED_MODELS);
  if (target.source.files.length === 0) return { models: [], others: undefined };
  const others = BigInt(input.limit) + 1n;
  const rows = await target.duckDb.query(sql`
    WITH unpriced AS (
      SELECT provider, ${MODEL} AS model, service_tier,
        count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS calls,
        sum(coalesce(input_tokens, 0)) AS input_sum,
        sum(coalesce(output_tokens, 0)) AS output_sum,
        sum(client_cost_nano_usd) AS client_cost, max(start_unix_nano) AS last_nano
      ${rowsOf(projectId, input, target.source)} AND billed AND cost_nano_usd IS NULL
        AND (input_tokens IS NOT NULL OR output_tokens IS NOT NULL)
      GROUP BY ALL),
    ranked AS (SELECT *, least(${others}, row_number() OVER (ORDER BY input_sum + output_sum DESC,
      calls DESC, provider NULLS LAST, model NULLS LAST, service_tier NULLS LAST)) AS place
      FROM unpriced)
    SELECT place, count(*) AS models, any_value(provider) AS provider, any_value(model) AS model,
      any_value(service_tier) AS service_tier, sum(calls) AS calls, sum(input_sum) AS input_sum,
      sum(output_sum) AS output_sum, sum(client_cost) AS client_cost, max(last_nano) AS last_nano
    FROM ranked GROUP BY place ORDER BY place`);
  const rest = rows.find((row) => row["place"] === others);
  return {
    models: rows.filter((row) => row !== rest).map((row) => toModel(row)),
    others: rest && { models: Number(rest["models"]), ...toCalls(rest) },
  };
}

const NANOS_PER_MS = 1_000_000n;

function toModel(row: SqlRow): UnpricedModel {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  return {
    provider: text("provider"),
    model: text("model"),
    serviceTier: text("service_tier"),
    ...toCalls(row),
  };
}

function toCalls(row: SqlRow): UnpricedCalls {
  return {
    calls: Number(row["calls"]),
    inputTokens: row["input_sum"] as bigint,
    outputTokens: row["output_sum"] as bigint,
    clientCostNanoUsd: (row["client_cost"] as bigint | null) ?? undefined,
    lastUnixMs: Number((row["last_nano"] as bigint) / NANOS_PER_MS),
  };
}
