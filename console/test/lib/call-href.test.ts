import { expect, test } from "vitest";
import { arithmeticOfKey, callHref, callKey, hrefOfKey } from "#lib/call-href.ts";

const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const place = { batchId: "0123456789abcdef0123456789abcdef", recordOrdinal: 3n };
const span = { ...ids, ...place, signal: "span", startUnixMs: 1_795_462_288_000 };

test("a span is named by its ids, a log by its place in a request", () => {
  expect(callHref("p", span)).toBe(
    "/projects/p/calls/0af7651916cd43dd8448eb211c80319c/b7ad6b7169203331?at=1795462288000",
  );
  const byPlace = "/projects/p/records/0123456789abcdef0123456789abcdef/3?at=1795462288000";
  expect(callHref("p", { ...span, signal: "log" })).toBe(byPlace);
  expect(callHref("p", { ...span, spanId: undefined })).toBe(byPlace);
});

test("a record without either has no address", () => {
  const nameless = { ...span, spanId: undefined, recordOrdinal: undefined };
  expect(callHref("p", nameless)).toBeUndefined();
  expect(callKey(nameless)).toBeUndefined();
});

test.each([span, { ...span, signal: "log" }])("a key leads back to the record", (record) => {
  const key = callKey(record) ?? "";
  expect(hrefOfKey("p", key)).toBe(callHref("p", record));
  expect(arithmeticOfKey("p", key)).toBe(callHref("p", record)?.replace("?", "/arithmetic?"));
});

test.each(["", "calls.a.b.1", "records.x.3.1795462288000", "//evil.example", "calls.%2e%2e"])(
  "%j is no key",
  (key) => {
    expect(arithmeticOfKey("p", key)).toBeUndefined();
    expect(hrefOfKey("p", key)).toBeUndefined();
  },
);
