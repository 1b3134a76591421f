import { bytesField, encode, requestOf } from "./wire.ts";

/** Plain requests whose records can be counted in the lake. */

const TRACE_ID = Buffer.from("5b8aa5a2d2c872e8321cf37308d69df2", "hex");

export const spanIdOf = (n: number): string =>
  (0x1000000000n + BigInt(n)).toString(16).padStart(16, "0");

/** One span as protobuf, the same bytes for the same number; `text` becomes an attribute. */
export function spanOf(n: number, text = ""): Buffer {
  return encode("Span", {
    traceId: TRACE_ID,
    spanId: Buffer.from(spanIdOf(n), "hex"),
    name: "chat",
    startTimeUnixNano: "1790000000000000001",
    endTimeUnixNano: "1790000001000000001",
    attributes: [{ key: "custom.text", value: { stringValue: text } }],
  });
}

export const tracesOf = (numbers: readonly number[], text?: string): Buffer =>
  requestOf(...numbers.map((n) => spanOf(n, text)));

/** One log record. */
export const logsOf = (n: number): Buffer =>
  requestOf(
    Buffer.concat([
      encode("LogRecord", { timeUnixNano: "1790000000000000001" }),
      bytesField(12, `event ${n}`),
    ]),
  );

export const range = (from: number, count: number): number[] =>
  Array.from({ length: count }, (_, index) => from + index);
