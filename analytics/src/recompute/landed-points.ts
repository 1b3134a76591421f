import type { MeterPoint } from "@lensai/otel-config/billing/meter-point";
import { modelFamily } from "@lensai/otel-config/billing/model-family";
import { recordIdOf } from "@lensai/otel-config/billing/record-id";
import { TOKEN_METERS, tokenMeterOf } from "@lensai/otel-config/dialects/token-meters";
import { readingOf } from "@lensai/otel-config/usage/usage-reading";
import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { rowsOf } from "../queries/query-source.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";

/** A point of a token meter in the lake, with its row. */
export interface LandedPoint {
  readonly point: MeterPoint;
  readonly row: SqlRow;
}

const METRICS = [...new Set(TOKEN_METERS.map(({ metric }) => metric))];
const NANOS_PER_MICRO = 1000n;
/** What a point says of its modality is no other meter: its tokens are counted as text. */
const MODALITY = "gen_ai.token.modality";
/** Columns that, with the attributes, tell families of series apart. */
const FAMILY_COLUMNS =
  "service_name environment instance_id scope_name scope_version provider operation request_model response_model service_tier user_id session_id tenant team agent_name error_type resource".split(
    " ",
  );

/** The points of token meters of a project, in any order. */
export async function landedPoints(
  projectId: string,
  range: TimeRange,
  { duckDb, source }: QueryTarget,
): Promise<LandedPoint[]> {
  const rows =
    await duckDb.query(sql`SELECT batch_id, record_ordinal, span_name, dialect, attributes,
    service_name, environment, instance_id, scope_name, scope_version, provider, operation,
    request_model, response_model, service_tier, user_id, session_id, tenant, team, agent_name,
    error_type, resource, epoch_us(start_time) AS time_micros, epoch_us(received_at) AS received_micros, billed, bill_rule, usage_source,
    input_tokens, output_tokens, input_uncached_tokens, cache_read_tokens, cache_write_5m_tokens,
    cache_write_1h_tokens, reasoning_tokens, cost_nano_usd
    ${rowsOf(projectId, range, source)} AND signal = 'metric' AND span_name IN (SELECT unnest(${METRICS}))
    AND record_ordinal IS NOT NULL AND attributes IS NOT NULL`);
  return rows.flatMap((row) => toLanded(row) ?? []);
}

function toLanded(row: SqlRow): LandedPoint | undefined {
  const attributes = JSON.parse(String(row["attributes"])) as Readonly<Record<string, unknown>>;
  const found = tokenMeterOf(text(row, "span_name") ?? "", attributes);
  const sums = sumsOf(attributes);
  if (found === undefined || sums === undefined) return undefined;
  const { meter, kind } = found;
  const models = [text(row, "request_model"), text(row, "response_model")];
  const scope = text(row, "scope_name");
  const reading = readingOf({
    scope,
    scopeVersion: text(row, "scope_version"),
    dialect: text(row, "dialect") ?? "",
    provider: text(row, "provider"),
    model: models[1] ?? models[0],
    isStreaming: false,
    isFinished: true,
  });
  const rest = Object.entries(attributes)
    .filter(([name]) => !name.startsWith("metric.") && !name.startsWith("lensai."))
    .filter(([name]) => name !== meter.attribute && name !== MODALITY)
    .toSorted(([left], [right]) => (left < right ? -1 : 1));
  return {
    row,
    point: {
      id: recordIdOf(String(row["batch_id"]), Number(row["record_ordinal"])),
      family: JSON.stringify([meter.meter, FAMILY_COLUMNS.map((name) => row[name]), rest]),
      meter: `${meter.meter} ${scope ?? ""}`,
      kind,
      service: text(row, "service_name") ?? "",
      instance: text(row, "instance_id"),
      session: text(row, "session_id"),
      models: models.flatMap((model) => (model === undefined ? [] : [modelFamily(model)])),
      timeMicros: Number(row["time_micros"]),
      inputConvention: reading.input,
      outputConvention: reading.output,
      ...sums,
    },
  };
}

type Sums = Pick<MeterPoint, "series" | "temporality" | "startMicros" | "value" | "count">;

/** What the decoder keeps of a point's data; undefined for a gauge and for a sum that may fall. */
function sumsOf(attributes: Readonly<Record<string, unknown>>): Sums | undefined {
  const member = (name: string): unknown => attributes[`metric.${name}`];
  const [temporality, value, count] = [member("temporality"), member("value"), member("count")];
  const start = member("start_unix_nano");
  if (temporality !== "delta" && temporality !== "cumulative") return undefined;
  if (typeof value !== "number") return undefined;
  const isHistogram = typeof count === "number";
  if (!isHistogram && member("is_monotonic") !== true) return undefined;
  return {
    series: String(member("series")),
    temporality,
    startMicros: typeof start === "string" ? Number(BigInt(start) / NANOS_PER_MICRO) : 0,
    value,
    count: isHistogram ? count : undefined,
  };
}

function text(row: SqlRow, name: string): string | undefined {
  const value = row[name];
  return typeof value === "string" ? value : undefined;
}
