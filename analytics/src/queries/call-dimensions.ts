import { column, sql } from "../duckdb/sql.ts";
import type { Sql } from "../duckdb/sql.ts";
import { MODEL } from "./query-source.ts";

/** What calls are told apart by: where they are counted, filtered and summed up. */
export const CALL_DIMENSIONS = [
  "agent",
  "apiKey",
  "environment",
  "feature",
  "model",
  "operation",
  "promptName",
  "provider",
  "route",
  "service",
  "serviceTier",
  "session",
  "team",
  "tenant",
  "user",
] as const;

export type CallDimension = (typeof CALL_DIMENSIONS)[number];

/** The calls that have all of these values, exactly, and none where it says null; `{}` is every call. */
export type CallFilter = Readonly<Partial<Record<CallDimension, string | null>>>;

const COLUMNS: Readonly<Record<Exclude<CallDimension, "model">, string>> = {
  agent: "agent_name",
  apiKey: "api_key_id",
  environment: "environment",
  feature: "feature",
  operation: "operation",
  promptName: "prompt_name",
  provider: "provider",
  route: "route",
  service: "service_name",
  serviceTier: "service_tier",
  session: "session_id",
  team: "team",
  tenant: "tenant",
  user: "user_id",
};

/** The value of a row: of a model the one that answered, or the one asked for. */
export function dimensionOf(dimension: CallDimension): Sql {
  return dimension === "model" ? MODEL : column(COLUMNS[dimension]);
}

/** A condition that a filter sets, for use behind AND. A row without the value does not have it. */
export function isOfFilter(filter: CallFilter = {}): Sql {
  return CALL_DIMENSIONS.reduce(
    (condition, dimension) => {
      const value = filter[dimension];
      if (value === undefined) return condition;
      return value === null
        ? sql`${condition} AND ${dimensionOf(dimension)} IS NULL`
        : sql`${condition} AND coalesce(${dimensionOf(dimension)} = ${value}, false)`;
    },
    sql`true`,
  );
}
