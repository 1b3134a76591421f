import { isStoredMetric } from "@lensai/otel-config/dialects/stored-metrics";
import { openObject } from "./attribute-decoder.ts";
import { forEachRecord } from "./envelope.ts";
import { emptyRange, readText, readTime } from "./field-reader.ts";
import { skipMasked } from "./message-masking.ts";
import { malformed, wordsToNumber, wrongWireType } from "./otlp-reader.ts";
import type { OtlpReader } from "./otlp-reader.ts";
import type { DecodeResult, RecordDecoder } from "./record-decoder.ts";
import { SeriesHash } from "./series-hash.ts";
import { nanosText } from "./span-lists.ts";
import { wordsToMicros } from "./unix-nano.ts";

/**
 * opentelemetry.proto.metrics.v1.Metric into one row per data point, raw: what a cumulative counter
 * increased by is worked out when it is asked for, from all points of the series.
 */

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const key = (name: string): Uint8Array => encoder.encode(`"metric.${name}":`);
const KEY = {
  value: key("value"),
  count: key("count"),
  temporality: key("temporality"),
  isMonotonic: key("is_monotonic"),
  start: key("start_unix_nano"),
  unit: key("unit"),
  series: key("series"),
} as const;

/** The kinds of data and how their points are laid out. */
interface DataKind {
  readonly attributesTag: number;
  readonly isNumber: boolean;
}
/** Keyed by the tag of the `data` oneof of Metric. */
const DATA_KINDS: Readonly<Record<number, DataKind>> = {
  0x2a: { attributesTag: 0x3a, isNumber: true },
  0x3a: { attributesTag: 0x3a, isNumber: true },
  0x4a: { attributesTag: 0x4a, isNumber: false },
  0x52: { attributesTag: 0x0a, isNumber: false },
  0x5a: { attributesTag: 0x3a, isNumber: false },
};
/** Field 1 (data_points) of every kind of data. */
const DATA_POINTS = 0x0a;
const TEMPORALITIES: Readonly<Record<number, string>> = { 1: "delta", 2: "cumulative" };
const NO_RECORDED_VALUE = 1;
const TWO_32 = 4294967296;

class MetricScratch {
  readonly name = emptyRange();
  readonly unit = emptyRange();
  readonly data = emptyRange();
  dataTag = 0;
  temporality = 0;
  isMonotonic = false;
}

class PointScratch {
  readonly start = { low: 0, high: 0 };
  readonly time = { low: 0, high: 0 };
  value = Number.NaN;
  count = Number.NaN;
  flags = 0;

  clear(): void {
    this.start.low = this.start.high = this.time.low = this.time.high = 0;
    this.value = Number.NaN;
    this.count = Number.NaN;
    this.flags = 0;
  }
}

export class MetricDecoder {
  private readonly records: RecordDecoder;
  private readonly reader: OtlpReader;
  private readonly metric = new MetricScratch();
  private readonly point = new PointScratch();
  private readonly series = new SeriesHash();

  constructor(records: RecordDecoder) {
    this.records = records;
    this.reader = records.attributes.reader;
  }

  /** Decodes an ExportMetricsServiceRequest; the request has been opened. */
  decode(result: DecodeResult): void {
    forEachRecord(this.records, (end) => {
      this.records.beginRow();
      this.readMetric(end);
      this.readData(result);
      this.reader.at = end;
    });
  }

  private readMetric(end: number): void {
    const { reader, metric, records } = this;
    metric.name.from = metric.name.to = metric.unit.from = metric.unit.to = metric.dataTag = 0;
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === 0x0a) readText(records.attributes, metric.name, end);
      else if (tag === 0x1a) readText(records.attributes, metric.unit, end);
      else if (DATA_KINDS[tag] !== undefined) {
        if (metric.dataTag !== 0) this.discardData();
        metric.dataTag = tag;
        metric.data.to = reader.lengthEnd(end);
        metric.data.from = reader.at;
        reader.at = metric.data.to;
      } else {
        if (tag < 0x60 && tag !== 0x12) throw wrongWireType(reader.at, "Metric", tag);
        // Description and metadata are not stored.
        skipMasked(records.attributes, tag, end);
      }
    }
    if (reader.at !== end) throw malformed(reader.at, "a metric runs past its end");
  }

  private readData(result: DecodeResult): void {
    const { reader, metric, records } = this;
    if (metric.dataTag === 0) return;
    const name = decoder.decode(reader.bytes.subarray(metric.name.from, metric.name.to));
    const isStored = isStoredMetric(name);
    this.readTemporality();
    reader.at = metric.data.from;
    while (reader.at < metric.data.to) {
      const tag = reader.varint();
      if (tag === DATA_POINTS) {
        records.beginRow();
        this.readPoint(reader.lengthEnd(metric.data.to), DATA_KINDS[metric.dataTag] as DataKind);
        this.settle(result, name, isStored);
      } else if (tag === 0x10 || tag === 0x18) reader.varint();
      else skipMasked(records.attributes, tag, metric.data.to);
    }
  }

  /** Masks data that other data of the same metric follows: the last one counts. */
  private discardData(): void {
    const { reader, metric, records } = this;
    const { at } = reader;
    const kind = DATA_KINDS[metric.dataTag] as DataKind;
    reader.at = metric.data.from;
    while (reader.at < metric.data.to) {
      const tag = reader.varint();
      if (tag === DATA_POINTS) {
        records.beginRow();
        this.readPoint(reader.lengthEnd(metric.data.to), kind);
        records.discardRow();
      } else skipMasked(records.attributes, tag, metric.data.to);
    }
    reader.at = at;
  }

  private settle(result: DecodeResult, name: string, isStored: boolean): void {
    result.accepted += 1;
    if (isStored && (this.point.flags & NO_RECORDED_VALUE) === 0) this.writeRow(name);
    else {
      result.ignored += 1;
      this.records.discardRow();
    }
  }

  /** Temporality and monotonicity follow the points on the wire but hold for all of them. */
  private readTemporality(): void {
    const { reader, metric } = this;
    metric.temporality = 0;
    metric.isMonotonic = false;
    reader.at = metric.data.from;
    while (reader.at < metric.data.to) {
      const tag = reader.varint();
      if (tag === 0x10) metric.temporality = reader.varint();
      else if (tag === 0x18) metric.isMonotonic = reader.varint() !== 0;
      else reader.skip(tag, metric.data.to);
    }
    if (reader.at !== metric.data.to) throw malformed(reader.at, "metric data runs past its end");
  }

  private readPoint(end: number, kind: DataKind): void {
    const { reader, point, records, series } = this;
    point.clear();
    series.clear();
    while (reader.at < end) {
      const tag = reader.varint();
      if (tag === kind.attributesTag) {
        const to = reader.lengthEnd(end);
        series.addMember(reader.bytes, reader.at, to);
        records.attributes.readAttribute(to, records.sink.attributes);
      } else if (tag === 0x11) readTime(reader, point.start);
      else if (tag === 0x19) readTime(reader, point.time);
      else if (!this.readValue(tag, kind)) skipMasked(records.attributes, tag, end);
    }
    if (reader.at !== end) throw malformed(reader.at, "a data point runs past its end");
  }

  /** True when the field was a value: as_double 4, as_int 6, flags 8 | count 4, sum 5. */
  private readValue(tag: number, kind: DataKind): boolean {
    const { reader, point } = this;
    switch (tag) {
      case 0x21:
        if (kind.isNumber) point.value = reader.double();
        else {
          reader.fixed64();
          point.count = (reader.high >>> 0) * TWO_32 + (reader.low >>> 0);
        }
        return true;
      case 0x29:
        point.value = reader.double();
        return true;
      case 0x31:
        if (!kind.isNumber) return false;
        reader.fixed64();
        point.value = wordsToNumber(reader.low, reader.high);
        return true;
      case 0x40:
      case 0x50:
        // Flags: field 8 of number and summary points, field 10 of histograms.
        point.flags = reader.varint();
        return true;
      default:
        return false;
    }
  }

  private writeRow(name: string): void {
    const { records, metric, point } = this;
    records.writeOrigin("metric");
    records.writeName(metric.name);
    this.writeMembers(name);
    const day = records.writeStart(point.time, wordsToMicros(point.time.low, point.time.high));
    records.finish(day, 0);
  }

  private writeMembers(name: string): void {
    const { records, reader, metric, point, series } = this;
    const json = records.sink.attributes;
    openObject(json);
    if (Number.isFinite(point.value)) {
      json.key(KEY.value);
      json.number(point.value);
    }
    if (Number.isFinite(point.count)) {
      json.key(KEY.count);
      json.number(point.count);
    }
    json.key(KEY.temporality);
    json.ascii(`"${TEMPORALITIES[metric.temporality] ?? "gauge"}"`);
    if (metric.isMonotonic) {
      json.key(KEY.isMonotonic);
      json.ascii("true");
    }
    json.key(KEY.start);
    json.ascii(`"${nanosText(point.start.low, point.start.high)}"`);
    if (metric.unit.to > metric.unit.from) {
      json.key(KEY.unit);
      json.string(reader.view, metric.unit.from, metric.unit.to);
    }
    series.addText(name);
    series.addText(records.resource.text);
    json.key(KEY.series);
    json.ascii(`"${series.toHex()}"`);
  }
}
