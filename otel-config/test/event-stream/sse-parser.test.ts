import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SseParser } from "../../src/event-stream/sse-parser.ts";
import type { SseEvent } from "../../src/event-stream/sse-parser.ts";

const LIMIT = 1000;

/** What all chunks together give. */
function eventsOf(chunks: readonly string[], limit = LIMIT): SseEvent[] {
  const parser = new SseParser(limit);
  const events = chunks.flatMap((chunk) => parser.push(chunk));
  const last = parser.end();
  return last === undefined ? events : [...events, last];
}

const dataOf = (chunks: readonly string[]): (string | undefined)[] =>
  eventsOf(chunks)
    .map(({ data }) => data)
    .filter((data) => data !== undefined);

/** The text in pieces that end at the given places. */
function cut(text: string, places: readonly number[]): string[] {
  const at = [0, ...places.map((place) => place % (text.length + 1)), text.length].toSorted(
    (a, b) => a - b,
  );
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

const lineEnd = fc.constantFrom("\n", "\r\n", "\r");
const streamText = fc
  .array(
    fc.tuple(
      fc.constantFrom("data: ", "data:", "event: ", ": ", "id", ""),
      fc.string({ unit: "grapheme", maxLength: 12 }),
      lineEnd,
    ),
    { maxLength: 20 },
  )
  .map((lines) => lines.map((line) => line.join("")).join(""));

describe("an event stream", () => {
  test("gives the same events wherever its chunks end", () => {
    fc.assert(
      fc.property(streamText, fc.array(fc.nat(), { maxLength: 8 }), (text, places) => {
        expect(eventsOf(cut(text, places))).toEqual(eventsOf([text]));
      }),
    );
  });

  test("loses no character, whatever comes and however little may be held", () => {
    const limit = fc.integer({ min: 0, max: 20 });
    fc.assert(
      fc.property(streamText, fc.array(fc.nat()), limit, (text, places, held) => {
        const events = eventsOf(cut(text, places), held);
        expect(events.map(({ raw }) => raw).join("")).toBe(text);
      }),
    );
  });

  test.each([
    ["line feeds", "event: a\ndata: 1\n\ndata: 2\n\n"],
    ["carriage returns and line feeds", "event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n"],
    ["carriage returns", "event: a\rdata: 1\r\rdata: 2\r\r"],
    ["no space behind the colon", "data:1\n\ndata:2\n\n"],
    ["comments between", ": ping\n\ndata: 1\n\n: ping\n\ndata: 2\n\n"],
    ["no empty line at the end", "data: 1\n\ndata: 2"],
  ])("is read with %s", (_, text) => {
    expect(dataOf([text])).toEqual(["1", "2"]);
  });

  test("joins the lines of one event's data", () => {
    expect(dataOf(["data: {\ndata: }\ndata\n\n"])).toEqual(["{\n}\n"]);
  });

  test("passes an event above the limit on, unread, and reads the next one", () => {
    const long = `data: ${"x".repeat(LIMIT)}`;
    const events = eventsOf([long, "y\n\n", "data: 2\n\n"]);
    expect(events.map(({ data }) => data)).toEqual([undefined, undefined, "2"]);
    expect(events.map(({ isTooLong }) => isTooLong)).toEqual([true, true, false]);
  });

  test("reads an event that is just as long as the limit", () => {
    const text = `data: ${"x".repeat(LIMIT - 6)}`;
    expect(dataOf([text, "\n\n"])).toEqual(["x".repeat(LIMIT - 6)]);
  });
});
