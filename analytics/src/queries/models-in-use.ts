import { sql } from "../duckdb/sql.ts";
import { IS_BILLED_CALL, MODEL, checkCount, checkRange, knownSum, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_MODELS_IN_USE = 1000;

export interface ModelsInUseInput extends TimeRange {
  /** How many models, dearest first. */
  readonly limit: number;
}

/** What was billed of a model in a service tier. */
export interface ModelInUse {
  readonly provider: string | undefined;
  /** The model that answered, else the one asked for. */
  readonly model: string | undefined;
  /** A name that it was asked for by. */
  readonly requestModel: string | undefined;
  readonly serviceTier: string | undefined;
  readonly calls: number;
  /** Of these, without a cost. */
  readonly unpricedCalls: number;
  /** Sum of the known costs; undefined when nothing of it is known. */
  readonly costNanoUsd: bigint | undefined;
}

/** The models that a project was billed for, dearest first; those without a cost by their calls. */
export async function modelsInUse(
  projectId: string,
  input: ModelsInUseInput,
  target: QueryTarget,
): Promise<ModelInUse[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_MODELS_IN_USE);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`
    SELECT provider, ${MODEL} AS model, service_tier, max(request_model) AS request_model,
      count(*) FILTER (WHERE ${IS_BILLED_CALL}) AS calls, count(*) AS billed_rows,
      count(*) FILTER (WHERE ${IS_BILLED_CALL} AND cost_nano_usd IS NULL) AS unpriced,
      sum(cost_nano_usd) AS cost
    ${rowsOf(projectId, input, target.source)} AND billed
    GROUP BY ALL
    ORDER BY cost DESC NULLS LAST, calls DESC, provider NULLS LAST, model NULLS LAST,
      service_tier NULLS FIRST
    LIMIT ${BigInt(input.limit)}`);
  return rows.map((row) => {
    const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
    return {
      provider: text("provider"),
      model: text("model"),
      requestModel: text("request_model"),
      serviceTier: text("service_tier"),
      calls: Number(row["calls"]),
      unpricedCalls: Number(row["unpriced"]),
      costNanoUsd: knownSum(row["cost"], Number(row["billed_rows"])),
    };
  });
}
