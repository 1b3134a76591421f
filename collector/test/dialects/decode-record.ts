import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { transcodeJson } from "../../src/receiver/json-to-protobuf.ts";
import { createDecoder } from "../decode/decode.ts";
import type { Decoded } from "../decode/decode.ts";

export type Value = string | number | boolean | null | readonly Value[] | { [key: string]: Value };

/** One record of telemetry in short: what a client of the dialect sends, without its frame. */
export interface SentRecord {
  readonly signal?: "traces" | "logs";
  readonly service?: string;
  readonly scope?: string;
  readonly scopeVersion?: string;
  readonly name?: string;
  readonly attributes: Readonly<Record<string, Value>>;
  /** More fields of the span or the log record, as OTLP/JSON. */
  readonly fields?: object;
  readonly keepsContent?: boolean;
}

const START = "1795400000000000000";
const JSON_BYTES_MAX = 1 << 24;
const decode = createDecoder();

/** The OTLP/JSON request with the record, as bytes of the protobuf form. */
export function bodyOf(record: SentRecord): Uint8Array {
  const { signal = "traces", service = "app", name = "span" } = record;
  const scope = { name: record.scope ?? "test", version: record.scopeVersion ?? "" };
  const shared = { attributes: attributesOf(record.attributes), ...record.fields };
  const resource = { attributes: attributesOf({ "service.name": service }) };
  const request =
    signal === "traces"
      ? {
          resourceSpans: [{ resource, scopeSpans: [{ scope, spans: [spanOf(name, shared)] }] }],
        }
      : {
          resourceLogs: [
            {
              resource,
              scopeLogs: [
                {
                  scope,
                  logRecords: [{ timeUnixNano: START, eventName: name, ...shared }],
                },
              ],
            },
          ],
        };
  return transcodeJson(signal, Buffer.from(JSON.stringify(request)), JSON_BYTES_MAX).body;
}

function spanOf(name: string, shared: object): object {
  return {
    traceId: "0af7651916cd43dd8448eb211c80319c",
    spanId: "b7ad6b7169203331",
    name,
    startTimeUnixNano: START,
    endTimeUnixNano: "1795400002000000000",
    ...shared,
  };
}

/** Decodes a body as the collector does. */
export function decodeBody(body: Uint8Array, record: SentRecord): Decoded {
  const { signal = "traces", keepsContent = true } = record;
  return decode(body, { signal, keepsContent });
}

/** The row that the record becomes. */
export function rowOf(record: SentRecord): SpanRow {
  const [row] = decodeBody(bodyOf(record), record).rows;
  if (row === undefined) throw new Error("the record made no row");
  return row;
}

function attributesOf(values: Readonly<Record<string, Value>>): object[] {
  return Object.entries(values).map(([key, value]) => ({ key, value: anyValue(value) }));
}

function anyValue(value: Value): object {
  if (value === null) return {};
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { boolValue: value };
  if (typeof value === "number")
    return Number.isSafeInteger(value) ? { intValue: String(value) } : { doubleValue: value };
  if (Array.isArray(value)) return { arrayValue: { values: value.map((each) => anyValue(each)) } };
  return { kvlistValue: { values: attributesOf(value as Record<string, Value>) } };
}
