import zlib from "node:zlib";
import type { CanaryField } from "./canaries.ts";
import { anyMap, anyText, bytesField, encode, groupField, keyValue, requestOf } from "./wire.ts";

/** Requests that no SDK writes and any sender can: texts where a decoder steps over them. */

export interface HostileRequest {
  readonly path?: string;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
  /** The status that the request must get; 200 by default. */
  readonly status?: number;
}

const TRACE_ID = Buffer.from("5b8aa5a2d2c872e8321cf37308d69df2", "hex");
const UNKNOWN_FIELD = 100;

/** A valid span with more fields behind it. */
function spanWith(n: number, ...more: Uint8Array[]): Buffer {
  const spanId = Buffer.alloc(8);
  spanId.writeUInt32BE(n, 4);
  const span = encode("Span", {
    traceId: TRACE_ID,
    spanId,
    name: "chat",
    startTimeUnixNano: `${Date.now()}000000`,
  });
  return Buffer.concat([span, ...more]);
}

const attribute = (keyValueBytes: Uint8Array): Buffer => bytesField(9, keyValueBytes);

const MESSAGES_KEY = "gen_ai.input.messages";

/** By form; each starts with a plain span so that the request reaches the log whatever becomes of the rest. */
export const hostileRequests: Readonly<Record<string, (field: CanaryField) => HostileRequest[]>> = {
  "unknown fields at every level": (field) => {
    const unknown = (place: string): Buffer => bytesField(UNKNOWN_FIELD, field.plant(place));
    const value = Buffer.concat([anyText("x"), unknown("any value")]);
    const event = Buffer.concat([bytesField(2, "event"), unknown("event")]);
    const span = spanWith(
      2,
      unknown("span"),
      attribute(Buffer.concat([keyValue("a", value), unknown("key value")])),
      bytesField(11, event),
      bytesField(15, unknown("status")),
    );
    const scope = bytesField(1, unknown("scope"));
    const scopeSpans = Buffer.concat([scope, bytesField(2, span), unknown("scope spans")]);
    const resource = bytesField(1, unknown("resource"));
    const resourceSpans = Buffer.concat([
      resource,
      bytesField(2, scopeSpans),
      unknown("resource spans"),
    ]);
    return [{ body: Buffer.concat([bytesField(1, resourceSpans), unknown("request")]) }];
  },
  "groups, whose end a mask must leave alone": (field) => {
    const inner = bytesField(1, field.plant("group"));
    // "d" ends group 12: a token that reaches it must not swallow it.
    const token = bytesField(
      1,
      field.plantOnly("end of a group", ["github_token"]).replace(" ; thank you", ""),
    );
    const open = bytesField(
      1,
      field.plantOnly("cut key", ["private_key"]).replace(/-----END.*/s, ""),
    );
    const value = Buffer.concat([anyText("x"), groupField(12, token), groupField(12, open)]);
    const span = spanWith(
      3,
      groupField(UNKNOWN_FIELD, inner, groupField(1, inner)),
      attribute(keyValue("a", value)),
    );
    return [{ body: requestOf(span) }];
  },
  "skipped texts that begin with a match, of every length": (field) => {
    // A length can look like the first letter of a mail address or the plus of a phone number.
    const texts = Array.from({ length: 256 }, (_, length) => {
      const mail = field
        .plantOnly(`skipped, ${length}`, ["email"])
        .replace("please look at this: ", "");
      return `${mail} `.padEnd(length, "x").slice(0, Math.max(length, 40));
    });
    const metrics = texts.map((text) =>
      encode("Metric", {
        name: "gen_ai.client.token.usage",
        description: text,
        gauge: { dataPoints: [{ timeUnixNano: `${Date.now()}000000`, asDouble: 1 }] },
      }),
    );
    const span = spanWith(12, ...texts.map((text) => bytesField(UNKNOWN_FIELD, text)));
    return [{ path: "/v1/metrics", body: requestOf(...metrics) }, { body: requestOf(span) }];
  },
  "values that a later one replaces": (field) => {
    const tree = (place: string): Buffer =>
      anyMap(field.plant(`${place}, key`), field.plant(place));
    const twice = Buffer.concat([tree("first of two oneof members"), anyText("second")]);
    const span = spanWith(
      4,
      attribute(keyValue("a", tree("first of two values"), anyText("second"))),
      attribute(keyValue("b", twice)),
      attribute(keyValue("c", anyText(field.plant("first of two texts")), anyText("second"))),
      attribute(keyValue(MESSAGES_KEY, tree("first of two equal keys"))),
      attribute(keyValue(MESSAGES_KEY, tree("second of two equal keys"))),
      attribute(keyValue("gen_ai.prompt", tree("older name"))),
      attribute(
        Buffer.concat([
          bytesField(1, field.plant("first of two keys")),
          keyValue("d", anyText("x")),
        ]),
      ),
      bytesField(5, field.plant("first of two names")),
      bytesField(5, "chat"),
      bytesField(15, bytesField(2, field.plant("first of two messages"))),
      bytesField(15, bytesField(2, "failed")),
    );
    return [{ body: requestOf(span) }];
  },
  "log bodies and metric data that a later one replaces": (field) => {
    const body = bytesField(5, anyMap("k", field.plant("first of two bodies")));
    const log = Buffer.concat([body, bytesField(5, anyText("second"))]);
    const point = encode("NumberDataPoint", {
      timeUnixNano: `${Date.now()}000000`,
      asDouble: 1,
      attributes: [{ key: "k", value: { stringValue: field.plant("first of two metric data") } }],
    });
    const last = encode("NumberDataPoint", { timeUnixNano: `${Date.now()}000000`, asDouble: 1 });
    const metric = Buffer.concat([
      bytesField(1, "gen_ai.client.token.usage"),
      bytesField(5, bytesField(1, point)),
      bytesField(7, bytesField(1, last)),
    ]);
    return [
      { path: "/v1/logs", body: requestOf(log) },
      { path: "/v1/metrics", body: requestOf(metric) },
    ];
  },
  "spans that are refused or were seen before": (field) => {
    const tree = (place: string): Buffer =>
      attribute(keyValue(MESSAGES_KEY, anyMap("content", field.plant(place))));
    const refused = Buffer.concat([
      bytesField(1, field.plant("trace id")),
      bytesField(2, field.plant("span id")),
      bytesField(4, field.plant("parent id")),
      bytesField(5, field.plant("name of a refused span")),
      tree("messages of a refused span"),
    ]);
    return [
      { body: requestOf(spanWith(5), refused) },
      { body: requestOf(spanWith(6), spanWith(5, tree("messages of a duplicate"))) },
    ];
  },
  "ids of any length": (field) => {
    const link = Buffer.concat([
      bytesField(1, field.plant("link trace id")),
      bytesField(2, field.plant("link span id")),
    ]);
    const span = spanWith(7, bytesField(4, field.plant("parent id")), bytesField(13, link));
    const log = Buffer.concat([
      bytesField(9, field.plant("log trace id")),
      bytesField(10, field.plant("log span id")),
      bytesField(5, anyText("hello")),
    ]);
    return [{ body: requestOf(span) }, { path: "/v1/logs", body: requestOf(log) }];
  },
  "what stands around the data of a compressed body": (field) => {
    const gzip = zlib.gzipSync(requestOf(spanWith(8)));
    const named = Buffer.concat([
      gzip.subarray(0, 3),
      Buffer.from([0x18]), // FNAME and FCOMMENT (RFC 1952 section 2.3.1)
      gzip.subarray(4, 10),
      Buffer.from(`${field.plant("gzip file name")}\0${field.plant("gzip comment")}\0`),
      gzip.subarray(10),
    ]);
    const whole = zlib.gzipSync(requestOf(spanWith(13)));
    const trailed = Buffer.concat([whole, Buffer.from(field.plant("behind a gzip member"))]);
    const skipped = Buffer.from(field.plant("zstd skippable frame"));
    const frame = Buffer.alloc(8);
    frame.writeUInt32LE(0x184d2a50, 0); // RFC 8878 section 3.1.2
    frame.writeUInt32LE(skipped.length, 4);
    const zstd = zlib.zstdCompressSync(requestOf(spanWith(9)));
    return [
      { body: named, headers: { "content-encoding": "gzip" } },
      { body: trailed, headers: { "content-encoding": "gzip" }, status: 400 },
      { body: Buffer.concat([frame, skipped, zstd]), headers: { "content-encoding": "zstd" } },
    ];
  },
  "requests that are refused": (field) => {
    const span = spanWith(10, bytesField(5, field.plant("name in a cut request")));
    const whole = requestOf(span);
    const key = { authorization: `Bearer ${field.plantOnly("wrong key", ["openai_key"])}` };
    return [
      { body: whole.subarray(0, whole.length - 3), status: 400 },
      { body: Buffer.from(field.plant("not protobuf")), status: 400 },
      { body: whole, headers: { "content-encoding": "gzip" }, status: 400 },
      { body: whole, headers: { "content-type": "text/plain" }, status: 415 },
      {
        body: whole,
        headers: { "content-encoding": encodeURIComponent(field.plant("encoding")) },
        status: 415,
      },
      { body: whole, headers: key, status: 401 },
      { body: whole, path: `/v1/${encodeURIComponent(field.plant("path"))}`, status: 404 },
      { body: whole, path: "/v1/logs", status: 400 },
      {
        body: Buffer.from(`{"resourceSpans":"${field.plantOnly("JSON", ["email", "card"])}`),
        headers: { "content-type": "application/json" },
        status: 400,
      },
      { body: requestOf(spanWith(11)) },
    ];
  },
};
