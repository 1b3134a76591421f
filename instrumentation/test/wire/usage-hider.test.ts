import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SseParser } from "@lensai/otel-config/event-stream/sse-parser";
import { withoutStreamUsage } from "../../src/wire/stream-usage-option.ts";
import { UsageHider } from "../../src/wire/usage-hider.ts";
import { sse } from "../support/wire-call.ts";

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString();

function hidden(chunks: readonly Uint8Array[]): string {
  const hider = new UsageHider();
  const parts = chunks.map((chunk) => Uint8Array.from(hider.shown(chunk)));
  return textOf([...parts, hider.rest()]);
}

/** Event by event, as text: what every way of cutting the stream must come to. */
function expected(stream: string): string {
  const parser = new SseParser(1_000_000);
  const events = parser.push(stream);
  const last = parser.end();
  const all = last === undefined ? events : [...events, last];
  return all.map((event) => withoutStreamUsage(event) ?? "").join("");
}

const DELTA = { id: "a", choices: [{ index: 0, delta: { content: "Grüße" } }] };
const USAGE = { id: "a", choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } };

describe("a chunk of whole events", () => {
  test("without usage is the very same", () => {
    const chunk = bytesOf(sse(DELTA) + sse("[DONE]"));
    expect(new UsageHider().shown(chunk)).toBe(chunk);
  });

  test("loses its empty usage, and its memory stays as it is", () => {
    const text = sse({ ...DELTA, usage: null, obfuscation: "xx" }) + sse({ ...DELTA, usage: null });
    const chunk = bytesOf(text);
    const shown = new UsageHider().shown(chunk);
    expect(textOf([shown])).toBe(sse({ ...DELTA, obfuscation: "xx" }) + sse(DELTA));
    expect(textOf([chunk])).toBe(text);
  });

  test("stays as it is however long, also as a Buffer, whose slices share its memory", () => {
    const text = sse({ ...DELTA, usage: null }).repeat(100);
    const chunk = Buffer.from(text);
    expect(textOf([new UsageHider().shown(chunk)])).toBe(sse(DELTA).repeat(100));
    expect(chunk.toString()).toBe(text);
  });

  test("is of the class that it came as, short and long", () => {
    for (const text of [
      sse({ ...DELTA, usage: null }),
      sse({ ...DELTA, usage: null }).repeat(100),
    ]) {
      expect(Buffer.isBuffer(new UsageHider().shown(Buffer.from(text)))).toBe(true);
      expect(Buffer.isBuffer(new UsageHider().shown(bytesOf(text)))).toBe(false);
    }
  });

  test("keeps what was shown before, however much comes after it", () => {
    const hider = new UsageHider();
    const long = { ...DELTA, text: "x".repeat(5_000) };
    const texts = Array.from({ length: 200 }, (_, index) => ({
      ...(index % 9 === 0 ? long : DELTA),
      index,
    }));
    const shown = texts.map((data) => hider.shown(bytesOf(sse({ ...data, usage: null }))));
    expect(shown.map((part) => textOf([part]))).toEqual(texts.map((data) => sse(data)));
  });
});

test("a stream shows the same wherever its chunks are cut, and whatever is in it", () => {
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.constantFrom(
      ',"usage":null}',
      '"usage":null,',
      '\\,"usage":{}',
      "\n\n",
      "\r\n\r\n",
      "usage",
    ),
  );
  const usage = fc.constantFrom(undefined, null, null, null, { prompt_tokens: 1 }, 7, "null");
  const data = fc.record(
    { choices: fc.constantFrom([], [{}]), usage, text, usage_: fc.constant(null) },
    { requiredKeys: ["choices"] },
  );
  const event = fc.oneof(
    fc
      .tuple(data, fc.constantFrom(undefined, 0, 1), fc.constantFrom("\n", "\r\n", "\r"))
      .map(([value, spaces, lineEnd]) => {
        const json = JSON.stringify(value, undefined, spaces).replaceAll("\n", "");
        return `data: ${json.replaceAll('":', spaces === 0 ? '":' : '": ')}${lineEnd}${lineEnd}`;
      }),
    fc.constantFrom(
      sse("[DONE]"),
      ": ping\n\n",
      'event: x\ndata: {"usage":null}\n\n',
      "data: {",
      "\n",
    ),
  );
  fc.assert(
    fc.property(fc.array(event), fc.array(fc.nat()), fc.boolean(), (events, cuts, isByEvent) => {
      const stream = events.join("");
      const bytes = bytesOf(stream);
      const places = cuts
        .map((cut) => (bytes.length === 0 ? 0 : cut % bytes.length))
        .toSorted((a, b) => a - b);
      const parts = isByEvent
        ? events.map(bytesOf)
        : [...places, bytes.length].map((end, index) => bytes.slice(places[index - 1] ?? 0, end));
      expect(hidden(parts)).toBe(expected(stream));
    }),
    { numRuns: 500 },
  );
});

test("bytes that are no text pass as they came where nothing is to be taken out", () => {
  const chunk = Uint8Array.from([...bytesOf("data: "), 0xff, 0xc3, ...bytesOf("\n\n")]);
  expect(new UsageHider().shown(chunk)).toBe(chunk);
});

test("an event that is not complete is held back until it is, or until the end", () => {
  const hider = new UsageHider();
  expect(hider.shown(bytesOf(sse(DELTA) + 'data: {"choices":[],"usa')).length).toBe(
    bytesOf(sse(DELTA)).length,
  );
  expect(hider.shown(bytesOf('ge":{"prompt_tokens":1}}\n')).length).toBe(0);
  expect(hider.shown(bytesOf("\n")).length).toBe(0);
  expect(textOf([hider.shown(bytesOf(sse(USAGE) + sse("[DONE]")))])).toBe(sse("[DONE]"));
  expect(hider.shown(bytesOf('data: {"a":1}')).length).toBe(0);
  expect(textOf([hider.rest()])).toBe('data: {"a":1}');
});
