import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { metricIncreases } from "./metric-increases.ts";
import { listedOnly, othersOf } from "./others-together.ts";
import type { OthersTogether } from "./others-together.ts";
import { checkCount, checkRange } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

/** The collector's own counter of what became of the records it was sent. */
export const INGEST_RECORDS_METRIC = "lensai.ingest.records";
export const MAX_OUTCOMES = 2000;

export interface IngestOutcomesInput extends TimeRange {
  /** How many one by one, those with the most records first; of the others one for each outcome and reason. */
  readonly limit: number;
}

/** Records that a collector did not take into the lake, or had taken before. */
export interface IngestOutcome extends OthersTogether {
  readonly serviceName: string | undefined;
  readonly scopeName: string | undefined;
  readonly outcome: "rejected" | "duplicate" | "ignored";
  readonly reason: string | undefined;
  readonly records: number;
}

/** What collectors say about records that did not become rows, largest number first. */
export async function ingestOutcomes(
  projectId: string,
  input: IngestOutcomesInput,
  target: QueryTarget,
): Promise<IngestOutcome[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_OUTCOMES);
  const { source } = target;
  if (source.files.length === 0) return [];
  const filter = sql`span_name = ${INGEST_RECORDS_METRIC}`;
  const rows = await target.duckDb.query(sql`
    WITH counted AS (SELECT service_name, scope_name,
      attributes ->> '$."lensai.ingest.outcome"' AS outcome,
      attributes ->> '$."lensai.ingest.reason"' AS reason, sum(increase) AS records
      FROM ${metricIncreases(projectId, { ...input, filter, isYoungSeriesCounted: true }, source)}
      WHERE increase > 0
        AND (attributes ->> '$."lensai.ingest.outcome"') IN ('rejected', 'duplicate', 'ignored')
      GROUP BY ALL),
    ranked AS (SELECT *, row_number() OVER (ORDER BY records DESC, outcome, reason NULLS LAST,
      service_name NULLS LAST, scope_name NULLS LAST) <= ${BigInt(input.limit)} AS is_listed
      FROM counted)
    SELECT is_listed, ${listedOnly("service_name", "scope_name")}, outcome, reason,
      count(*) AS lines, sum(records) AS records
    FROM ranked GROUP BY ALL
    ORDER BY is_listed DESC, records DESC, outcome, reason NULLS LAST, service_name NULLS LAST`);
  return rows.map((row) => toOutcome(row));
}

function toOutcome(row: SqlRow): IngestOutcome {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  return {
    serviceName: text("service_name"),
    scopeName: text("scope_name"),
    outcome: row["outcome"] as IngestOutcome["outcome"],
    reason: text("reason"),
    records: Number(row["records"]),
    ...othersOf(row),
  };
}
