import { otlpRoot } from "@lensai/collector/receiver/proto/otlp";
import { isJson, plainBody } from "./capture.ts";
import type { Recorded } from "./capture.ts";

/**
 * What the request bodies say about tokens, read with descriptors and JSON.parse: independent of the
 * collector's own decoder and of every table of attribute names.
 */

export interface WireCount {
  /** Names from the attribute down to the number, also through JSON text, joined with dots, lower case. */
  readonly key: string;
  readonly count: number;
}

/** One span or log record of a request body. */
export interface WireRecord {
  readonly spanId: string | undefined;
  readonly startMs: number;
  readonly endMs: number;
  /** Every number under a name that speaks of tokens. */
  readonly counts: readonly WireCount[];
  /** Every text that is short enough to be an id. */
  readonly texts: ReadonlySet<string>;
}

type Json = Readonly<Record<string, unknown>>;

/** Message type, and the way down to its records. Metrics sum up many calls and so say nothing about one. */
const SHAPES = {
  traces: ["ExportTraceServiceRequest", "resourceSpans", "scopeSpans", "spans"],
  logs: ["ExportLogsServiceRequest", "resourceLogs", "scopeLogs", "logRecords"],
} as const;

const TOKEN_NAME = /token|usage|cache|reason|thought/;
const LIMIT_NAME = /max|limit|budget/;
const ID_LENGTH_MAX = 128;
/** JSON inside JSON inside an attribute is real; deeper nesting is content. */
const DEPTH_MAX = 24;

export function wireRecords(requests: readonly Recorded[]): WireRecord[] {
  return requests.flatMap((recorded) => {
    if (recorded.signal === "metrics") return [];
    const [type, resources, scopes, records] = SHAPES[recorded.signal];
    return listIn(decode(recorded, type), resources)
      .flatMap((resource) => listIn(resource, scopes))
      .flatMap((scope) => listIn(scope, records))
      .map((record) => readRecord(record));
  });
}

function decode(recorded: Recorded, typeName: string): Json {
  const bytes = plainBody(recorded);
  if (isJson(recorded)) return JSON.parse(bytes.toString()) as Json;
  const type = otlpRoot().lookupType(typeName);
  return type.toObject(type.decode(bytes), { longs: String, bytes: Array });
}

function listIn(parent: Json, name: string): Json[] {
  const list = parent[name];
  return Array.isArray(list) ? (list as Json[]) : [];
}

function readRecord(record: Json): WireRecord {
  const counts: WireCount[] = [];
  const texts = new Set<string>();
  const found: Found = { counts, texts };
  collect(record["attributes"], "", { found, depth: 0 });
  collect(record["events"], "", { found, depth: 0 });
  collect(record["body"], "", { found, depth: 0 });
  const start = record["startTimeUnixNano"] ?? record["timeUnixNano"];
  return {
    spanId: hexOf(record["spanId"]),
    startMs: millisOf(start),
    endMs: millisOf(record["endTimeUnixNano"] ?? start),
    counts,
    texts,
  };
}

/** To the microsecond; as a number at once it would lose some. */
const millisOf = (nanos: unknown): number =>
  Number(BigInt((nanos as string | number | undefined) ?? 0) / 1000n) / 1e3;

function hexOf(id: unknown): string | undefined {
  if (typeof id === "string") return id.toLowerCase();
  return Array.isArray(id) && id.length > 0
    ? Buffer.from(id as number[]).toString("hex")
    : undefined;
}

interface Found {
  readonly counts: WireCount[];
  readonly texts: Set<string>;
}

interface Place {
  readonly found: Found;
  readonly depth: number;
}

function collect(value: unknown, key: string, { found, depth }: Place): void {
  if (depth > DEPTH_MAX) return;
  const place = { found, depth: depth + 1 };
  if (typeof value === "number") addCount(found, key, value);
  else if (typeof value === "string") collectText(value, key, place);
  else if (Array.isArray(value)) for (const item of value) collect(item, key, place);
  else if (typeof value === "object" && value !== null) collectObject(value as Json, key, place);
}

function collectObject(object: Json, key: string, place: Place): void {
  if (typeof object["key"] === "string" && "value" in object) {
    collect(object["value"], joined(key, object["key"]), place);
    return;
  }
  for (const [name, inner] of Object.entries(object)) {
    collect(inner, VALUE_MEMBERS.has(name) ? key : joined(key, name), place);
  }
}

/** Members of OTLP's AnyValue: they name a type, not a thing. */
const VALUE_MEMBERS: ReadonlySet<string> = new Set(
  "stringValue intValue doubleValue boolValue arrayValue kvlistValue values attributes".split(" "),
);

const joined = (key: string, name: string): string =>
  (key === "" ? name : `${key}.${name}`).toLowerCase();

function collectText(text: string, key: string, place: Place): void {
  if (text.length <= ID_LENGTH_MAX) place.found.texts.add(text);
  if (/^\d{1,15}$/.test(text)) addCount(place.found, key, Number(text));
  if (!/^\s*[[{]/.test(text)) return;
  try {
    collect(JSON.parse(text), key, place);
  } catch {
    // Text that only looks like JSON holds no counts.
  }
}

function addCount({ counts }: Found, key: string, count: number): void {
  if (!TOKEN_NAME.test(key) || LIMIT_NAME.test(key)) return;
  if (Number.isSafeInteger(count)) counts.push({ key, count });
}
