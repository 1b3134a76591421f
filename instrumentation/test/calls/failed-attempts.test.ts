import { TraceFlags } from "@opentelemetry/api";
import type { SpanContext } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { FailedAttempts } from "../../src/calls/failed-attempts.ts";
import type { SentRequest } from "../../src/calls/failed-attempts.ts";

const span = (spanId: string): SpanContext => ({
  traceId: "1",
  spanId,
  traceFlags: TraceFlags.SAMPLED,
});

function request(
  headers: Record<string, string> = {},
  { body = '{"model":"m"}', traceId }: { body?: string; traceId?: string } = {},
): SentRequest {
  const url = new URL("https://api.openai.com/v1/chat/completions");
  return { method: "POST", url, body, traceId, header: (name) => headers[name] };
}

const attempt = (id: string, number: number): SentRequest =>
  request({ "amz-sdk-invocation-id": id, "amz-sdk-request": `attempt=${number}; max=3` });
const inTrace = (traceId: string, body: string): SentRequest => request({}, { traceId, body });
const keyed = (key: number): SentRequest => request({ "idempotency-key": String(key) });

describe("an attempt", () => {
  test("that the SDK counts is linked to the failure before", () => {
    const failed = new FailedAttempts();
    failed.add(request(), span("first"), 0);
    const again = request({ "x-stainless-retry-count": "1" });
    expect(failed.resendOf(again)).toEqual({ count: 1, previous: span("first") });
    failed.add(again, span("second"), 1);
    const third = request({ "x-stainless-retry-count": "2" });
    expect(failed.resendOf(third)).toEqual({ count: 2, previous: span("second") });
  });

  test("of AWS's SDK is known by its invocation, whatever its body", () => {
    const failed = new FailedAttempts();
    failed.add(attempt("a", 1), span("a1"), 0);
    failed.add(attempt("b", 1), span("b1"), 0);
    expect(failed.resendOf(attempt("a", 2))).toEqual({ count: 1, previous: span("a1") });
    expect(failed.resendOf(attempt("b", 2))).toEqual({ count: 1, previous: span("b1") });
  });

  test("with the same idempotency key is another try, counted from the one before", () => {
    const failed = new FailedAttempts();
    failed.add(request({ "idempotency-key": "k" }), span("first"), 3);
    const other = request({ "idempotency-key": "k" }, { body: "changed" });
    expect(failed.resendOf(other)).toEqual({ count: 4, previous: span("first") });
    const unrelated = request({ "idempotency-key": "l" });
    expect(failed.resendOf(unrelated)).toEqual({ count: 0, previous: undefined });
  });

  test("with the same body in the same trace is another try", () => {
    const failed = new FailedAttempts();
    failed.add(inTrace("t", "one"), span("first"), 0);
    expect(failed.resendOf(inTrace("t", "two")).count).toBe(0);
    expect(failed.resendOf(inTrace("u", "one")).count).toBe(0);
    expect(failed.resendOf(inTrace("t", "one"))).toEqual({ count: 1, previous: span("first") });
    expect(failed.resendOf(inTrace("t", "one")).count).toBe(0);
  });

  test("outside of a trace is a call of its own unless the SDK says otherwise", () => {
    const failed = new FailedAttempts();
    failed.add(request(), span("first"), 0);
    expect(failed.resendOf(request())).toEqual({ count: 0, previous: undefined });
  });
});

test("of very many failures the oldest are forgotten", () => {
  const failed = new FailedAttempts();
  for (let key = 0; key < 5000; key += 1) failed.add(keyed(key), span(String(key)), 0);
  expect(failed.resendOf(keyed(3999)).previous).toBeUndefined();
  expect(failed.resendOf(keyed(4000)).previous).toEqual(span("4000"));
});
