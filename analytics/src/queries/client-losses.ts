import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { metricIncreases } from "./metric-increases.ts";
import { listedOnly, othersOf } from "./others-together.ts";
import type { OthersTogether } from "./others-together.ts";
import { checkCount, checkRange } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_LOSSES = 1000;

/** OpenTelemetry SDK metrics (semantic conventions, "SDK metrics") that count spans and log records. */
const SDK_COUNTERS: readonly string[] = [
  "otel.sdk.processor.span.processed",
  "otel.sdk.processor.log.processed",
  "otel.sdk.exporter.span.exported",
  "otel.sdk.exporter.log.exported",
];

export interface ClientLossesInput extends TimeRange {
  /** How many one by one, those with the most records first; of the others one for each stage and reason. */
  readonly limit: number;
}

/** What the SDK of one service counted in one place. */
export interface ClientLoss extends OthersTogether {
  readonly serviceName: string | undefined;
  /** `processor`: dropped before an export was tried; `exporter`: an export failed. */
  readonly stage: "processor" | "exporter";
  /** Why they were lost ("queue_full", an exception's name); undefined: they were not. */
  readonly errorType: string | undefined;
  /** Spans and log records. */
  readonly records: number;
}

/**
 * What clients say of their own spans and logs, lost or not, by their SDK's metrics. Services whose SDK does not
 * report them are absent: nothing is known about them.
 */
export async function clientLosses(
  projectId: string,
  input: ClientLossesInput,
  target: QueryTarget,
): Promise<ClientLoss[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_LOSSES);
  const { source } = target;
  if (source.files.length === 0) return [];
  const filter = sql`list_contains(${SDK_COUNTERS}, span_name)`;
  const rows = await target.duckDb.query(sql`
    WITH counted AS (SELECT service_name, split_part(metric, '.', 3) AS stage,
      coalesce(error_type, attributes ->> '$."error.type"') AS lost_by, sum(increase) AS records
      FROM ${metricIncreases(projectId, { ...input, filter, isYoungSeriesCounted: true }, source)}
      WHERE increase IS NOT NULL
      GROUP BY ALL),
    ranked AS (SELECT *, row_number() OVER (ORDER BY records DESC, service_name NULLS LAST, stage,
      lost_by NULLS LAST) <= ${BigInt(input.limit)} AS is_listed FROM counted)
    SELECT is_listed, ${listedOnly("service_name")}, stage, lost_by, count(*) AS lines,
      sum(records) AS records
    FROM ranked GROUP BY ALL
    ORDER BY is_listed DESC, records DESC, service_name NULLS LAST, stage, lost_by NULLS LAST`);
  return rows.map((row) => toLoss(row));
}

function toLoss(row: SqlRow): ClientLoss {
  return {
    serviceName: (row["service_name"] as string | null) ?? undefined,
    stage: row["stage"] as ClientLoss["stage"],
    errorType: (row["lost_by"] as string | null) ?? undefined,
    records: Number(row["records"]),
    ...othersOf(row),
  };
}
