import type protobuf from "protobufjs";
import { otlpRoot } from "../../src/receiver/proto/otlp.ts";

/** The oracle: what protobufjs reads, brought into the shape of a span row by plain, obvious code. */

export interface OracleSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | null;
  readonly name: string | null;
  readonly kind: string;
  readonly status: string;
  readonly statusMessage: string | null;
  readonly startUnixNano: bigint;
  readonly durationNanos: bigint | null;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly events: unknown;
  readonly links: unknown;
  readonly resource: unknown;
  readonly scopeName: string | null;
  readonly scopeVersion: string | null;
}

type Message = Record<string, unknown>;

const KINDS = ["internal", "internal", "server", "client", "producer", "consumer"];
const STATUSES = ["unset", "ok", "error"];

export function requestType(signal: "Trace" | "Logs" | "Metrics"): protobuf.Type {
  return otlpRoot().lookupType(`opentelemetry.proto.Export${signal}ServiceRequest`);
}

const list = (value: unknown): Message[] => (Array.isArray(value) ? (value as Message[]) : []);
const hex = (value: unknown): string =>
  Buffer.from((value as Uint8Array | undefined) ?? []).toString("hex");
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const orNull = (value: string): string | null => (value === "" ? null : value);
const nanos = (value: unknown): bigint => BigInt(typeof value === "string" ? value : "0");

/** AnyValue as the JSON value that the row stores. */
export function jsonOf(value: Message | null | undefined): unknown {
  if (value === undefined || value === null) return null;
  if ("stringValue" in value) return value["stringValue"];
  if ("boolValue" in value) return value["boolValue"];
  if ("intValue" in value) return Number(value["intValue"]);
  if ("doubleValue" in value) {
    return Number.isFinite(value["doubleValue"])
      ? JSON.parse(JSON.stringify(value["doubleValue"]))
      : null;
  }
  if ("arrayValue" in value) return list((value["arrayValue"] as Message)["values"]).map(jsonOf);
  if ("kvlistValue" in value) return membersOf(list((value["kvlistValue"] as Message)["values"]));
  if ("bytesValue" in value)
    return Buffer.from(value["bytesValue"] as Uint8Array).toString("base64");
  return null;
}

/** KeyValue list as an object; the last of equal keys wins. */
export function membersOf(attributes: readonly Message[]): Record<string, unknown> {
  const members: Array<readonly [string, unknown]> = attributes.map((attribute) => [
    text(attribute["key"]),
    jsonOf(attribute["value"] as Message),
  ]);
  return Object.fromEntries(members);
}

const orNullObject = (value: Record<string, unknown>): unknown =>
  Object.keys(value).length === 0 ? null : value;

/** Every span of a request whose ids are valid, in order. Throws when protobufjs does. */
export function oracleSpans(body: Uint8Array): OracleSpan[] {
  const type = requestType("Trace");
  const request: Message = type.toObject(type.decode(body), { longs: String });
  return list(request["resourceSpans"]).flatMap((resourceSpans) => {
    const resource = (resourceSpans["resource"] ?? {}) as Message;
    return list(resourceSpans["scopeSpans"]).flatMap((scopeSpans) =>
      list(scopeSpans["spans"])
        .filter((span) => isValid(hex(span["traceId"]), 32) && isValid(hex(span["spanId"]), 16))
        .map((span) => spanOf(span, resource, (scopeSpans["scope"] ?? {}) as Message)),
    );
  });
}

const isValid = (id: string, length: number): boolean =>
  id.length === length && /[1-9a-f]/.test(id);

function spanOf(span: Message, resource: Message, scope: Message): OracleSpan {
  const status = (span["status"] ?? {}) as Message;
  const start = nanos(span["startTimeUnixNano"]);
  const end = nanos(span["endTimeUnixNano"]);
  const parent = hex(span["parentSpanId"]);
  const scopeMembers = membersOf(list(scope["attributes"]));
  const resourceMembers = membersOf(list(resource["attributes"]));
  return {
    traceId: hex(span["traceId"]),
    spanId: hex(span["spanId"]),
    parentSpanId: /[1-9a-f]/.test(parent) ? parent : null,
    name: orNull(text(span["name"])),
    kind: KINDS[Number(span["kind"] ?? 0)] ?? "internal",
    status: STATUSES[Number(status["code"] ?? 0)] ?? "unset",
    statusMessage: orNull(text(status["message"])),
    startUnixNano: start,
    durationNanos: end === 0n ? null : BigInt(Math.max(0, Number(end - start))),
    attributes: membersOf(list(span["attributes"])),
    events: list(span["events"]).length === 0 ? null : list(span["events"]).map(eventOf),
    links: list(span["links"]).length === 0 ? null : list(span["links"]).map(linkOf),
    resource: orNullObject(
      Object.keys(scopeMembers).length === 0
        ? resourceMembers
        : { ...resourceMembers, "otel.scope.attributes": scopeMembers },
    ),
    scopeName: orNull(text(scope["name"])),
    scopeVersion: orNull(text(scope["version"])),
  };
}

function eventOf(event: Message): unknown {
  return {
    time_unix_nano: nanos(event["timeUnixNano"]).toString(),
    name: text(event["name"]),
    ...optional("attributes", orNullObject(membersOf(list(event["attributes"])))),
    ...optional("dropped_attributes_count", Number(event["droppedAttributesCount"] ?? 0) || null),
  };
}

function linkOf(link: Message): unknown {
  return {
    trace_id: hex(link["traceId"]),
    span_id: hex(link["spanId"]),
    ...optional("trace_state", orNull(text(link["traceState"]))),
    ...optional("attributes", orNullObject(membersOf(list(link["attributes"])))),
    ...optional("dropped_attributes_count", Number(link["droppedAttributesCount"] ?? 0) || null),
  };
}

const optional = (key: string, value: unknown): Record<string, unknown> =>
  value === null ? {} : { [key]: value };
