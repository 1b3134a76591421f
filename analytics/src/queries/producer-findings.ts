import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { IS_REPEAT, PRODUCER, toProducer } from "./producer.ts";
import type { Producer } from "./producer.ts";
import { listedOnly, othersOf } from "./others-together.ts";
import type { OthersTogether } from "./others-together.ts";
import { checkCount, checkRange, rowsOf } from "./query-source.ts";
import type { QueryTarget, TimeRange } from "./query-source.ts";

export const MAX_FINDINGS = 2000;

export interface ProducerFindingsInput extends TimeRange {
  /** How many one by one, those with the most records first; of the others one for each kind and rule. */
  readonly limit: number;
}

/**
 * How many records of a producer are not as they should be, and the rule that says why: billed calls without
 * usage (`missing`) or with counts that are not the provider's (`estimated`), by `usage_rule`; records of a
 * call that another record is billed for (`repeated`), by `bill_rule`; records that are no calls and count tokens
 * that nobody reads (`unread`).
 */
export interface ProducerFinding extends Producer, OthersTogether {
  readonly kind: "missing" | "estimated" | "repeated" | "unread";
  /** Undefined on rows that came before rules were stored. */
  readonly rule: string | undefined;
  readonly records: number;
  /** The known part. */
  readonly costNanoUsd: bigint;
}

export async function producerFindings(
  projectId: string,
  input: ProducerFindingsInput,
  target: QueryTarget,
): Promise<ProducerFinding[]> {
  checkRange(input);
  checkCount("limit", input.limit, MAX_FINDINGS);
  if (target.source.files.length === 0) return [];
  const rows = await target.duckDb.query(sql`
    WITH found AS (SELECT ${PRODUCER},
      CASE WHEN billed IS NULL THEN 'unread' WHEN NOT billed THEN 'repeated' ELSE usage_source END
        AS kind,
      CASE WHEN NOT billed THEN bill_rule ELSE usage_rule END AS rule,
      count(*) AS records, sum(cost_nano_usd) AS cost
      ${rowsOf(projectId, input, target.source)} AND signal <> 'metric'
        AND ((billed AND usage_source IN ('missing', 'estimated')) OR ${IS_REPEAT}
          OR (billed IS NULL AND usage_rule = 'unread-count'))
      GROUP BY ALL),
    ranked AS (SELECT *, row_number() OVER (ORDER BY records DESC, kind, rule NULLS LAST,
      service_name NULLS LAST, scope_name NULLS LAST, scope_version NULLS LAST, dialect NULLS LAST)
      <= ${BigInt(input.limit)} AS is_listed FROM found)
    SELECT is_listed, ${listedOnly("service_name", "scope_name", "scope_version", "dialect")},
      kind, rule, count(*) AS lines, sum(records) AS records, sum(cost) AS cost
    FROM ranked GROUP BY ALL
    ORDER BY is_listed DESC, records DESC, kind, rule NULLS LAST, service_name NULLS LAST,
      scope_name NULLS LAST`);
  return rows.map((row) => toFinding(row));
}

function toFinding(row: SqlRow): ProducerFinding {
  return {
    ...toProducer(row),
    ...othersOf(row),
    kind: row["kind"] as ProducerFinding["kind"],
    rule: (row["rule"] as string | null) ?? undefined,
    records: Number(row["records"]),
    costNanoUsd: (row["cost"] as bigint | null) ?? 0n,
  };
}
