import type { BillRule } from "@lensai/otel-config/billing/bill-rule";
import { isBilledRule } from "@lensai/otel-config/billing/bill-rule";
import type { Key, SpanLink, Verdict } from "@lensai/otel-config/billing/call-record";
import type { MeteredCall, MeteredUsage } from "@lensai/otel-config/billing/meter-point";
import { isBoundaryRole } from "@lensai/otel-config/billing/record-part";
import type { CallRole } from "@lensai/otel-config/dialects/call-role";
import type { SqlRow } from "../duckdb/connect.ts";
import { sql } from "../duckdb/sql.ts";
import { rowsOf } from "../queries/query-source.ts";
import type { QueryTarget, TimeRange } from "../queries/query-source.ts";
import { linkName } from "./landed-records.ts";
import type { LandedRecord } from "./landed-records.ts";

type Place = Pick<MeteredCall, "service" | "instance" | "session" | "models">;

/**
 * A billed call, with everybody who has a part in it: an application and the gateway it goes through each tell the
 * same call, and a metric of either counts it.
 */
export interface ToldCall {
  readonly endMicros: number;
  readonly usage: MeteredUsage;
  /** By service. */
  readonly places: Map<Key, Place>;
  readonly traces: readonly string[];
}

export interface ToldCalls {
  readonly calls: readonly ToldCall[];
  /** By the names of the spans that are records of a call; undefined for a record that no billed call has. */
  readonly bySpan: ReadonlyMap<string, ToldCall | undefined>;
}

/** Records of these rules tell the call that is billed instead; an aggregate tells several. */
const SAME_CALL: ReadonlySet<BillRule> = new Set<BillRule>([
  "same_span",
  "nested",
  "same_response",
  "twin",
  "covered",
]);
/** Between a call and a gateway's span below it lie a few spans of HTTP. */
const DEPTH_MAX = 64;

/** The billed calls among records, each with the services of all its records. */
export function toldCalls(
  landed: readonly LandedRecord[],
  verdicts: readonly Verdict[],
): ToldCalls {
  const groups = new Map<number, LandedRecord[]>();
  for (const [at, { rule, shadowedBy }] of verdicts.entries()) {
    const record = landed[at] as LandedRecord;
    if (isBilledRule(rule)) groups.set(at, [record, ...(groups.get(at) ?? [])]);
    else if (SAME_CALL.has(rule) && shadowedBy !== undefined) {
      groups.set(shadowedBy, [...(groups.get(shadowedBy) ?? []), record]);
    }
  }
  const bySpan = new Map<string, ToldCall | undefined>();
  for (const { record, traceId } of landed) {
    if (record.span !== undefined) bySpan.set(linkName(traceId, record.span), undefined);
  }
  const calls = Array.from(groups.values(), (records) => {
    const call = toldCall(records);
    for (const { record, traceId } of records) {
      if (record.span !== undefined) bySpan.set(linkName(traceId, record.span), call);
    }
    return call;
  });
  return { calls, bySpan };
}

/** `records`: the billed one first. */
function toldCall(records: readonly LandedRecord[]): ToldCall {
  const [billed] = records as readonly [LandedRecord];
  const places = new Map<Key, Place>();
  for (const { record, sessionId } of records) {
    const { service, instance } = record;
    const known = places.get(service);
    places.set(service, {
      service,
      instance: known?.instance ?? instance,
      session: known?.session ?? sessionId,
      models: [...new Set([...record.models, ...(known?.models ?? [])])],
    });
  }
  return {
    endMicros: billed.record.endMicros,
    usage: billed.counts,
    places,
    traces: [...new Set(records.flatMap(({ traceId }) => traceId ?? []))],
  };
}

export interface ServicesInside {
  readonly projectId: string;
  readonly range: TimeRange;
  /** Whose spans are looked for. */
  readonly services: ReadonlySet<Key>;
}

/**
 * Adds to each call the services that have a span inside it, though no record of it: a gateway that traces its
 * requests and counts its tokens in a metric alone.
 */
export async function addServicesInside(
  { calls, bySpan }: ToldCalls,
  { projectId, range, services }: ServicesInside,
  { duckDb, source }: QueryTarget,
): Promise<void> {
  const open = calls.filter(({ places }) => [...services].some((service) => !places.has(service)));
  const traces = [...new Set(open.flatMap((call) => call.traces))];
  if (traces.length === 0) return;
  const rows = await duckDb.query(sql`SELECT trace_id, span_id, parent_span_id, call_role,
    service_name, instance_id, session_id
    ${rowsOf(projectId, range, source)} AND signal = 'span' AND span_id IS NOT NULL
    AND trace_id IN (SELECT unnest(${traces})) AND trace_id IN (SELECT trace_id
      ${rowsOf(projectId, range, source)} AND signal = 'span' AND service_name IN (SELECT unnest(${[...services].map(String)})))`);
  const links = new Map(rows.map((row) => [nameOf(row), linkOf(row)]));
  for (const row of rows) {
    const service = text(row, "service_name") ?? "";
    if (!services.has(service) || bySpan.has(nameOf(row))) continue;
    const call = callAround(row, { links, bySpan });
    if (call === undefined || call.places.has(service)) continue;
    const models = [...new Set([...call.places.values()].flatMap((place) => place.models))];
    const [instance, session] = [text(row, "instance_id"), text(row, "session_id")];
    call.places.set(service, { service, instance, session, models });
  }
}

/** The call whose span is the nearest around a span, unless a tool or an agent lies between: that calls anew. */
function callAround(
  row: SqlRow,
  {
    links,
    bySpan,
  }: { links: ReadonlyMap<string, SpanLink>; bySpan: ReadonlyMap<string, ToldCall | undefined> },
): ToldCall | undefined {
  let link: SpanLink | undefined = linkOf(row);
  for (let depth = 0; depth < DEPTH_MAX; depth += 1) {
    if (link?.parent === undefined || link.isBoundary) return undefined;
    const around = linkName(row["trace_id"], link.parent);
    if (bySpan.has(around)) return bySpan.get(around);
    link = links.get(around);
  }
  return undefined;
}

/** Once for each service that tells a call: each of them counts its own meters against it. */
export function meteredCalls(calls: readonly ToldCall[]): MeteredCall[] {
  return calls.flatMap(({ places, endMicros, usage }) =>
    Array.from(places.values(), (place) => ({ ...place, endMicros, usage })),
  );
}

function nameOf(row: SqlRow): string {
  return linkName(row["trace_id"], row["span_id"]);
}

function linkOf(row: SqlRow): SpanLink {
  return {
    parent: text(row, "parent_span_id"),
    isBoundary: isBoundaryRole(text(row, "call_role") as CallRole | undefined),
  };
}

function text(row: SqlRow, name: string): string | undefined {
  const value = row[name];
  return typeof value === "string" ? value : undefined;
}
