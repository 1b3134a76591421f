import { resolveCalls } from "@lensai/otel-config/billing/resolve-calls";
import { sql } from "../duckdb/sql.ts";
import { checkCount, checkRange, rowsOf } from "../queries/query-source.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";
import { MAX_RELATED, RELATED_COLUMNS, toRelated } from "../queries/related-records.ts";
import type { RelatedRecord } from "../queries/related-records.ts";
import { landedLinks, landedRecords, linkName } from "./landed-records.ts";
import type { LandedRecord } from "./landed-records.ts";

/** The record that is asked about, by name and by what the other records of its call share with it. */
export interface RecordsOfCallInput {
  readonly batchId: string;
  readonly recordOrdinal: bigint;
  readonly startUnixMs: number;
  readonly serviceName: string | undefined;
  readonly traceId: string | undefined;
  readonly responseId: string | undefined;
  readonly limit: number;
}

/** Records without a common id are of one call only when they are a few minutes apart (twins.ts). */
const WITHIN_MS = 600_000;
/** So many at most are looked at, the nearest in time first: a second of a busy service. */
const NEAREST_MAX = 20_000n;

/**
 * The other records of a call, found by deciding again about all that may speak of it. For logs: nothing in the lake
 * points to a log, which has no span of its own. What is asked of spans is stored (related-records.ts).
 */
export async function recordsOfCall(
  projectId: string,
  input: RecordsOfCallInput,
  target: QueryTarget,
): Promise<RelatedRecord[]> {
  checkCount("limit", input.limit, MAX_RELATED);
  const range = rangeAround(input.startUnixMs);
  checkRange(range);
  if (target.source.files.length === 0) return [];
  const landed = await nearRecords(projectId, { ...input, range }, target);
  const links = await landedLinks(projectId, range, { ...target, records: landed });
  const verdicts = resolveCalls(
    landed.map(({ record }) => record),
    { find: ({ trace }, span) => links.get(linkName(trace, span)) },
  );
  const asked = landed.findIndex((each) => nameOf(each) === nameOf(input));
  if (asked < 0) return [];
  const billed = verdicts[asked]?.shadowedBy ?? asked;
  const repeats = [...landed.keys()].filter((at) => verdicts[at]?.shadowedBy === billed);
  // The billed one first: of so many repeats that some are left out, it is not.
  const others = [billed, ...repeats].filter((at) => at !== asked);
  const names = others.slice(0, input.limit).map((at) => nameOf(landed[at]));
  return rowsNamed(projectId, { range, names, billed: nameOf(landed[billed]) }, target);
}

function rangeAround(startUnixMs: number): TimeRange {
  return {
    fromUnixMs: Math.max(0, startUnixMs - WITHIN_MS),
    toUnixMs: startUnixMs + WITHIN_MS,
  };
}

async function nearRecords(
  projectId: string,
  { range, ...input }: RecordsOfCallInput & { readonly range: TimeRange },
  target: QueryTarget,
): Promise<LandedRecord[]> {
  const { serviceName = "", traceId, responseId } = input;
  const startMicros = BigInt(input.startUnixMs) * 1000n;
  const ofTrace = traceId === undefined ? sql`` : sql`OR trace_id = ${traceId}`;
  const ofResponse = responseId === undefined ? sql`` : sql`OR response_id = ${responseId}`;
  const among = sql`AND (coalesce(service_name, '') = ${serviceName} ${ofTrace} ${ofResponse})
    ORDER BY abs(epoch_us(start_time) - ${startMicros}) LIMIT ${NEAREST_MAX}`;
  return landedRecords(projectId, range, { ...target, among });
}

/** The billed one first. */
async function rowsNamed(
  projectId: string,
  {
    range,
    names,
    billed,
  }: { readonly range: TimeRange; readonly names: readonly string[]; readonly billed: string },
  { duckDb, source }: QueryTarget,
): Promise<RelatedRecord[]> {
  if (names.length === 0) return [];
  const name = sql`concat(batch_id, '/', record_ordinal)`;
  const rows = await duckDb.query(sql`SELECT
    CASE WHEN ${name} = ${billed} THEN 'billed_instead' ELSE 'repeats' END AS relation, ${RELATED_COLUMNS}
    ${rowsOf(projectId, range, source)} AND ${name} IN (SELECT unnest(${names}))
    ORDER BY relation, start_unix_nano, batch_id, record_ordinal`);
  return rows.map((row) => toRelated(row));
}

/** Rows of version 1, which have no ordinal, are of no call that anybody asks about. */
function nameOf(record: RecordName | undefined): string {
  return `${record?.batchId ?? ""}/${record?.recordOrdinal ?? ""}`;
}

interface RecordName {
  readonly batchId: string;
  readonly recordOrdinal: number | bigint | undefined;
}
