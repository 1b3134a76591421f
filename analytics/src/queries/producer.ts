import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";

/** What sent a record. Whatever it does not say about itself is undefined. */
export interface Producer {
  readonly serviceName: string | undefined;
  /** The instrumentation: a library, or the app's own tracer. */
  readonly scopeName: string | undefined;
  readonly scopeVersion: string | undefined;
  readonly dialect: string | undefined;
}

/** The columns that make a producer, for SELECT and GROUP BY. */
export const PRODUCER: Sql = sql`service_name, scope_name, scope_version, dialect`;

export function toProducer(row: SqlRow): Producer {
  const text = (name: string): string | undefined => (row[name] as string | null) ?? undefined;
  return {
    serviceName: text("service_name"),
    scopeName: text("scope_name"),
    scopeVersion: text("scope_version"),
    dialect: text("dialect"),
  };
}

/** Records that are not billed because another record of the same call is. */
export const IS_REPEAT: Sql = sql`(NOT billed AND bill_rule NOT IN ('failed', 'aggregate'))`;
