import type { Signal } from "../pipeline/ingest.ts";
import { OtlpReader } from "./otlp-reader.ts";

/**
 * Logs and metrics decode as spans without an error, because the messages share field numbers: a log's
 * body would end up as a span name. A body that its own signal cannot read is therefore compared with
 * the field layouts of the other two.
 */

/** Wire type per field number of one record (otlp proto: Span, LogRecord, Metric). */
const LAYOUTS: Readonly<Record<Signal, Readonly<Record<number, number>>>> = {
  traces: {
    1: 2,
    2: 2,
    3: 2,
    4: 2,
    5: 2,
    6: 0,
    7: 1,
    8: 1,
    9: 2,
    10: 0,
    11: 2,
    12: 0,
    13: 2,
    14: 0,
    15: 2,
    16: 5,
  },
  logs: { 1: 1, 2: 0, 3: 2, 5: 2, 6: 2, 7: 0, 8: 5, 9: 2, 10: 2, 11: 1, 12: 2 },
  metrics: { 1: 2, 2: 2, 3: 2, 5: 2, 7: 2, 9: 2, 10: 2, 11: 2, 12: 2 },
};
/** Fields of which a real record of the signal has at least one. */
const TELLING_FIELDS: Readonly<Record<Signal, readonly number[]>> = {
  traces: [7, 8],
  logs: [1, 5, 11],
  metrics: [5, 7, 9, 10, 11],
};
const SIGNALS = ["traces", "logs", "metrics"] as const;

/** Which other signal the body is written in; undefined when it fits none. */
export function signalItLooksLike(body: Uint8Array, expected: Signal): Signal | undefined {
  return SIGNALS.find((signal) => signal !== expected && fits(body, signal));
}

function fits(body: Uint8Array, signal: Signal): boolean {
  const reader = new OtlpReader();
  reader.reset(body);
  let records = 0;
  let telling = 0;
  const record = (end: number): boolean => {
    const found = tellingFields(reader, end, signal);
    // A metric has exactly one kind of data; a span with a name and attributes looks like two.
    if (found === undefined || (signal === "metrics" && found !== 1)) return false;
    records += 1;
    telling += found;
    return true;
  };
  const walk = (end: number, level: number): boolean => {
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag !== (level === 0 ? 0x0a : 0x12)) {
        reader.skip(tag, end);
        continue;
      }
      const to = reader.lengthEnd(end);
      if (!(level === 2 ? record(to) : walk(to, level + 1))) return false;
    }
    return reader.at === end;
  };
  try {
    return walk(body.length, 0) && records > 0 && telling > 0;
  } catch {
    // Not readable at all is one way of not fitting.
    return false;
  }
}

/** How many telling fields a record has; undefined when it does not have the layout of the signal. */
function tellingFields(reader: OtlpReader, end: number, signal: Signal): number | undefined {
  let count = 0;
  while (reader.at < end) {
    const tag = reader.varint();
    const field = Math.floor(tag / 8);
    if (LAYOUTS[signal][field] !== tag % 8) return undefined;
    if (!TELLING_FIELDS[signal].includes(field)) reader.skip(tag, end);
    else {
      count += 1;
      const from = reader.at;
      if (signal === "metrics" && !isMetricData(reader, end)) return undefined;
      reader.at = from;
      reader.skip(tag, end);
    }
  }
  return reader.at === end ? count : undefined;
}

/** Gauge, Sum, histograms and Summary: points in field 1, temporality in 2, monotonicity in 3. */
const METRIC_DATA_TAGS: ReadonlySet<number> = new Set([0x0a, 0x10, 0x18]);

function isMetricData(reader: OtlpReader, end: number): boolean {
  const to = reader.lengthEnd(end);
  while (reader.at < to) {
    const tag = reader.varint();
    if (!METRIC_DATA_TAGS.has(tag)) return false;
    reader.skip(tag, to);
  }
  return reader.at === to;
}
