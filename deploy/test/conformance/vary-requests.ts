import { otlpRoot } from "@lensai/collector/receiver/proto/otlp";
import { isJson, plainBody } from "../../conformance/capture.ts";
import type { Recorded } from "../../conformance/capture.ts";

/** Another way to send the same records. */
export interface Variant {
  /** Where each record goes: records are sent in the order of these numbers, by turns. */
  readonly order: readonly number[];
  /** A request per record, in place of one for all. */
  readonly isSplit: boolean;
  readonly isTwice: boolean;
  readonly encoding: "json" | "protobuf";
  readonly service: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

const SHAPES = {
  traces: ["ExportTraceServiceRequest", "resourceSpans", "scopeSpans", "spans"],
  logs: ["ExportLogsServiceRequest", "resourceLogs", "scopeLogs", "logRecords"],
} as const;
type VariedSignal = keyof typeof SHAPES;

/** One span or log with what it was sent under. */
interface SentRecord {
  readonly signal: VariedSignal;
  readonly resource: Json;
  readonly scope: Json;
  readonly record: Json;
}

/** The spans and logs of the requests, sent otherwise. Metrics repeat what they say, and are left out. */
export function varied(requests: readonly Recorded[], variant: Variant): Recorded[] {
  const records = shuffled(
    requests.flatMap((request) => recordsOf(request)),
    variant.order,
  );
  const groups = variant.isSplit ? records.map((record) => [record]) : bySignal(records);
  const sent = groups.map((group, at) => requestOf(group, at, variant));
  return variant.isTwice ? [...sent, ...sent] : sent;
}

function shuffled(records: readonly SentRecord[], order: readonly number[]): SentRecord[] {
  const placeOf = (at: number): number => order[at % order.length] ?? 0;
  return records
    .map((record, at) => ({ record, at, place: placeOf(at) }))
    .sort((left, right) => left.place - right.place || left.at - right.at)
    .map(({ record }) => record);
}

function bySignal(records: readonly SentRecord[]): SentRecord[][] {
  return [...Map.groupBy(records, ({ signal }) => signal).values()];
}

function recordsOf(request: Recorded): SentRecord[] {
  const { signal } = request;
  if (signal === "metrics") return [];
  const [, resources, scopes, records] = SHAPES[signal];
  return listIn(decode(request, signal), resources).flatMap((resource) =>
    listIn(resource, scopes).flatMap((scope) =>
      listIn(scope, records).map((record) => ({
        signal,
        record,
        resource: (resource["resource"] ?? {}) as Json,
        scope: (scope["scope"] ?? {}) as Json,
      })),
    ),
  );
}

/** As OTLP/JSON has it. */
function decode(request: Recorded, signal: VariedSignal): Json {
  const bytes = plainBody(request);
  if (isJson(request)) return JSON.parse(bytes.toString()) as Json;
  const type = otlpRoot().lookupType(SHAPES[signal][0]);
  const decoded = type.toObject(type.decode(bytes), { longs: String, bytes: String });
  return mapIds(decoded, (id) => Buffer.from(id, "base64").toString("hex")) as Json;
}

const ID_NAMES: ReadonlySet<string> = new Set(["traceId", "spanId", "parentSpanId"]);

function mapIds(value: unknown, change: (id: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => mapIds(each, change));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      ID_NAMES.has(name) && typeof inner === "string" ? change(inner) : mapIds(inner, change),
    ]),
  );
}

function listIn(parent: Json, name: string): Json[] {
  return (parent[name] ?? []) as Json[];
}

function requestOf(group: readonly SentRecord[], at: number, variant: Variant): Recorded {
  const [first] = group as [SentRecord];
  const { signal } = first;
  const [, resources, scopes, records] = SHAPES[signal];
  const body = {
    [resources]: group.map(({ resource, scope, record }) => ({
      resource: renamed(resource, variant.service),
      [scopes]: [{ scope, [records]: [record] }],
    })),
  };
  const isText = variant.encoding === "json";
  return {
    file: `${String(at)}.varied`,
    transport: "http",
    method: "POST",
    path: `/v1/${signal}`,
    signal,
    contentEncoding: null,
    headers: { "content-type": isText ? "application/json" : "application/x-protobuf" },
    body: isText ? Buffer.from(JSON.stringify(body)) : encode(body, signal),
  };
}

function renamed(resource: Json, service: string | undefined): Json {
  if (service === undefined) return resource;
  const others = listIn(resource, "attributes").filter(({ key }) => key !== "service.name");
  return { attributes: [...others, { key: "service.name", value: { stringValue: service } }] };
}

function encode(body: Json, signal: VariedSignal): Buffer {
  const type = otlpRoot().lookupType(SHAPES[signal][0]);
  const withBytes = mapIds(body, (id) => Buffer.from(id, "hex").toString("base64")) as Json;
  return Buffer.from(type.encode(type.fromObject(withBytes)).finish());
}
