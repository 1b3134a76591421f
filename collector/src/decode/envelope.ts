import { skipMasked } from "./message-masking.ts";
import { malformed, wrongWireType } from "./otlp-reader.ts";
import type { OtlpReader } from "./otlp-reader.ts";
import type { RecordDecoder } from "./record-decoder.ts";

/**
 * The outer three levels of every OTLP request have the same field numbers: request 1 -> resource
 * records (1 resource, 2 scope records) -> scope records (1 scope, 2 records).
 */

const FIELD_1 = 0x0a;
const FIELD_2 = 0x12;
/** Field 3 (schema_url) of resource and scope records. */
const FIELD_3 = 0x1a;

/** Calls `read(end)` for every record, after its resource and scope have been read. */
export function forEachRecord(records: RecordDecoder, read: (end: number) => void): void {
  const { reader } = records.attributes;
  const end = reader.bytes.length;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === FIELD_1) readResourceRecords(records, reader.lengthEnd(end), read);
    else skipUnknown(records, tag, { end, known: 1, message: "the export request" });
  }
  if (reader.at !== end) throw malformed(reader.at, "the request runs past its end");
}

function readResourceRecords(
  records: RecordDecoder,
  end: number,
  read: (end: number) => void,
): void {
  const { reader } = records.attributes;
  const from = reader.at;
  records.resource.clearResource();
  // The resource may come after its records on the wire, but holds for all of them.
  eachField(records, { field: FIELD_1, message: "ResourceSpans", end }, (to) =>
    records.resource.readResource(to),
  );
  reader.at = from;
  eachField(records, { field: FIELD_2, message: "ResourceSpans", end }, (to) =>
    readScopeRecords(records, to, read),
  );
}

function readScopeRecords(records: RecordDecoder, end: number, read: (end: number) => void): void {
  const { reader } = records.attributes;
  const from = reader.at;
  records.resource.clearScope();
  eachField(records, { field: FIELD_1, message: "ScopeSpans", end }, (to) =>
    records.resource.readScope(to),
  );
  reader.at = from;
  eachField(records, { field: FIELD_2, message: "ScopeSpans", end }, read);
}

/** Calls `read` for each occurrence of one field of a message and steps over the others. */
function eachField(
  records: RecordDecoder,
  wanted: { field: number; message: string; end: number },
  read: (end: number) => void,
): void {
  const { reader } = records.attributes;
  const { end } = wanted;
  while (reader.at < end) {
    const tag = reader.varint();
    if (tag === wanted.field) read(reader.lengthEnd(end));
    else if (tag === FIELD_1 || tag === FIELD_2) reader.at = reader.lengthEnd(end);
    else if (tag === FIELD_3) skipMasked(records.attributes, tag, end);
    else skipUnknown(records, tag, { end, known: 3, message: wanted.message });
  }
  if (reader.at !== end) throw malformed(reader.at, `${wanted.message} runs past its end`);
}

function skipUnknown(
  records: RecordDecoder,
  tag: number,
  at: { end: number; known: number; message: string },
): void {
  const { attributes } = records;
  if (Math.floor(tag / 8) <= at.known) throw wrongWireType(attributes.reader.at, at.message, tag);
  skipMasked(attributes, tag, at.end);
}

/** Field of Metric that holds its data, by tag: each has its points in field 1. */
const METRIC_DATA_TAGS: ReadonlySet<number> = new Set([0x2a, 0x3a, 0x4a, 0x52, 0x5a]);

/**
 * Number of records (spans, log records) or of data points in a request; throws
 * `ingest.body_malformed` on a broken envelope. `reader` stands at the start of the request.
 */
export function countRecords(reader: OtlpReader, unit: "records" | "points"): number {
  let count = 0;
  const walk = (to: number, level: number): void => {
    while (reader.at < to) {
      const tag = reader.varint();
      if (!isWayDown(tag, level)) {
        reader.skip(tag, to);
        continue;
      }
      const below = reader.lengthEnd(to);
      if (level === (unit === "points" ? 4 : 2)) {
        count += 1;
        reader.at = below;
      } else walk(below, level + 1);
    }
    if (reader.at !== to) throw malformed(reader.at, "a message runs past its end");
  };
  walk(reader.bytes.length, 0);
  return count;
}

/** request -> resource records -> scope records -> record (metric -> data -> point). */
function isWayDown(tag: number, level: number): boolean {
  switch (level) {
    case 0:
    case 4:
      return tag === FIELD_1;
    case 3:
      return METRIC_DATA_TAGS.has(tag);
    default:
      return tag === FIELD_2;
  }
}
