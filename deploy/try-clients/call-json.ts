import { randomBytes } from "node:crypto";

const NANOS_PER_MS = 1_000_000n;

const text = (key: string, stringValue: string): object => ({ key, value: { stringValue } });
const whole = (key: string, count: number): object => ({ key, value: { intValue: `${count}` } });

/** One call of a model as OTLP/JSON, as every app of this folder makes it. */
export function callJson(nowMs: number): string {
  const span = {
    traceId: randomBytes(16).toString("hex"),
    spanId: randomBytes(8).toString("hex"),
    name: "chat gpt-4o-mini",
    kind: 3,
    startTimeUnixNano: String(BigInt(nowMs) * NANOS_PER_MS),
    endTimeUnixNano: String(BigInt(nowMs + 1) * NANOS_PER_MS),
    attributes: [
      text("gen_ai.operation.name", "chat"),
      text("gen_ai.provider.name", "openai"),
      text("gen_ai.request.model", "gpt-4o-mini"),
      whole("gen_ai.usage.input_tokens", 1200),
      whole("gen_ai.usage.output_tokens", 300),
    ],
  };
  return JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] });
}
