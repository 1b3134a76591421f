import v8 from "node:v8";
import vm from "node:vm";
import * as fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { EventReader } from "../../src/wire/event-reader.ts";
import type { WireCall } from "../../src/wire/recognise-call.ts";
import { createResponseFacts } from "../../src/wire/response-facts.ts";
import type { ResponseFacts } from "../../src/wire/response-facts.ts";
import { addEvent } from "../../src/wire/stream-events.ts";
import { callOf } from "../support/wire-call.ts";

const known = (url: string, body: object): WireCall => callOf(url, body) as WireCall;
const CHAT = known("https://api.openai.com/v1/chat/completions", { model: "m", messages: [] });
const RESPONSES = known("https://api.openai.com/v1/responses", { model: "m", input: "" });
const MESSAGES = known("https://api.anthropic.com/v1/messages", { model: "m", messages: [] });
const GEMINI = known(
  "https://generativelanguage.googleapis.com/v1beta/models/g:streamGenerateContent",
  {},
);
const INVOKE = known(
  "https://bedrock-runtime.eu-west-1.amazonaws.com/model/m/invoke-with-response-stream",
  {},
);
const COHERE = known("https://api.cohere.com/v2/chat", { model: "m", messages: [] });
const OLLAMA = known("http://localhost:11434/api/chat", {});

/** Events as they come, `T` where a text is. */
const EVENTS: readonly (readonly [WireCall, ...object[]])[] = [
  [
    CHAT,
    { id: "c", model: "g", choices: [{ index: 0, delta: { content: "T" } }], usage: null },
    { id: "c", created: 1, choices: [{ delta: { content: "T" } }], obfuscation: "T" },
    { choices: [{ index: 1, delta: { content: "T" }, finish_reason: "stop" }, { delta: "T" }] },
    { choices: [], usage: { prompt_tokens: 5, completion_tokens: 2 }, x_groq: { usage: {} } },
    { error: { code: "T", message: "T" } },
    { error: "T" },
  ],
  [
    RESPONSES,
    { type: "response.output_text.delta", item_id: "T", delta: "T", sequence_number: 7 },
    { response: { id: "r", status: "T", usage: { input_tokens: 3, output_tokens: 9 } } },
  ],
  [
    MESSAGES,
    { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "T" } },
    { type: "message_delta", delta: { stop_reason: "T" }, usage: { output_tokens: 4 } },
  ],
  [
    GEMINI,
    { candidates: [{ content: { parts: [{ text: "T" }, { text: "T" }], role: "model" } }] },
    { candidates: { finishReason: "T" }, responseId: "T", usageMetadata: { promptTokenCount: 1 } },
  ],
  [INVOKE, { generation: "T", stop_reason: null }, { outputText: "T", inputTextTokenCount: 3 }],
  [OLLAMA, { model: "m", created_at: "T", message: { content: "T" }, done: false }],
];

/** How the events of a run are written: as they are, with a member more, or with spaces. */
const MEMBERS = ['"id":"z"', '"delta":"z"', '"generation":"z"', '"usage":null', '"\\u0069d":"T"'];
const style = fc.oneof(
  { arbitrary: fc.constant((json: string) => json), weight: 4 },
  { arbitrary: fc.constant((json: string) => json.replaceAll(":", " : ")), weight: 1 },
  {
    arbitrary: fc
      .constantFrom(...MEMBERS)
      .map((member) => (json: string) => `${json.slice(0, -1)},${member}}`),
    weight: 2,
  },
  {
    arbitrary: fc
      .constantFrom(...MEMBERS)
      .map((member) => (json: string) => `{${member},${json.slice(1)}`),
    weight: 2,
  },
);

/** What is put into an event to break it. */
const PUT = ['"', "\\", "{", "}", "[", "]", ",", ":", "0", "1", "e", "-", " ", "\n", "\u0001", ""];
const text = fc.oneof(
  fc.constantFrom("", "It is", " so", 'a "word"', "line\n", "Grüße 🌍", "\\", "z"),
  fc.string({ maxLength: 6 }),
);
const number = fc.oneof(fc.nat(20), fc.constantFrom(-1, 0.5, 1e21, null));
const value = fc.record({ text, number });

/** Of one form, but for what is different in each; now and then one is broken. */
function runOf(event: object): fc.Arbitrary<readonly string[]> {
  const json = JSON.stringify(event);
  const holes = /"T"(?!:)|(?<=:)\d+/g;
  const count = [...json.matchAll(holes)].length;
  const filled = fc.array(value, { minLength: count, maxLength: count }).map((values) => {
    let index = 0;
    return json.replaceAll(holes, (was) => {
      const { text: words, number: amount } = values[index++] as { text: string; number: number };
      return JSON.stringify(was === '"T"' ? words : amount);
    });
  });
  const spliced = fc
    .tuple(filled, fc.nat(150), fc.nat(2), fc.constantFrom(...PUT))
    .map(([whole, at, length, put]) => whole.slice(0, at) + put + whole.slice(at + length));
  const each = fc.oneof({ arbitrary: filled, weight: 6 }, { arbitrary: spliced, weight: 1 });
  return fc
    .tuple(style, fc.array(each, { minLength: 1, maxLength: 6 }))
    .map(([write, events]) => events.map(write));
}

const stream = fc.constantFrom(...EVENTS).chain(([call, ...events]) =>
  fc.record({
    call: fc.constant(call),
    events: fc
      .array(fc.constantFrom(...events).chain(runOf), { maxLength: 5 })
      .map((runs) => runs.flat()),
  }),
);

function parsedFacts(call: WireCall, events: readonly string[]): ResponseFacts {
  const facts = createResponseFacts();
  for (const event of events) addEvent(call, () => JSON.parse(event), facts);
  return facts;
}

function readFacts(call: WireCall, events: readonly string[]): ResponseFacts {
  const facts = createResponseFacts();
  const reader = new EventReader(call, facts);
  for (const event of events) reader.read(event);
  return facts;
}

test("a stream tells what all of its events tell that are parsed, whatever is in them", () => {
  fc.assert(
    fc.property(stream, ({ call, events }) => {
      expect(readFacts(call, events)).toEqual(parsedFacts(call, events));
    }),
    { numRuns: 400 },
  );
});

test.each([
  ["a member twice", CHAT, '{"model":"T","model":"b"}'],
  ["a text twice", RESPONSES, '{"delta":"T","delta":"b"}'],
  ["a name with escapes", CHAT, '{"\\u0069d":"T"}'],
  ["an error that is a text", COHERE, '{"error":"T"}', '{"error":""}'],
  ["the index of a choice", CHAT, '{"choices":[{"index":1T,"finish_reason":"stop"}]}'],
  ["a count", CHAT, '{"usage":{"prompt_tokens":3T}}'],
  ["a number that JSON does not have", RESPONSES, '{"delta":"a","n":01}', '{"delta":"a","n":1}'],
  ["no number", RESPONSES, '{"delta":"a","n":}', '{"delta":"a","n":1}'],
  ["no end", RESPONSES, '{"delta":"T"'],
  ["a letter that JSON does not have", RESPONSES, '{"delta":"\u0001"}'],
])("%s is what a parser takes it for", (...[, call, event, before = event]) => {
  const first = before.replaceAll("T", "1");
  // Often enough that the form is one of all but facts.
  const events = [
    first,
    "{}",
    first,
    "{}",
    first,
    event.replaceAll("T", "22"),
    event.replaceAll("T", ""),
  ];
  expect(readFacts(call, events)).toEqual(parsedFacts(call, events));
});

test("what an event says overrules what others said, also when no event is of the form of the one before", () => {
  const events = Array.from({ length: 20 }, (_, index) =>
    JSON.stringify(index % 2 === 0 ? { id: "a" } : { id: "b", model: "m" }),
  );
  for (let end = 1; end <= events.length; end += 1) {
    const some = events.slice(0, end);
    expect(readFacts(CHAT, some)).toEqual(parsedFacts(CHAT, some));
  }
});

function parsedOf(call: WireCall, events: readonly object[]): number {
  const parse = vi.spyOn(JSON, "parse");
  const texts = events.map((event) => JSON.stringify(event));
  readFacts(call, texts);
  return parse.mock.calls.filter(([json]) => texts.includes(json)).length;
}

const chunk = (delta: object) => ({ id: "c", choices: [{ index: 0, delta }], usage: null });

describe("of a stream are parsed", () => {
  afterEach(() => void vi.restoreAllMocks());

  const words = Array.from({ length: 50 }, (_, index) => `word ${index} `);

  test("few events where all bring nothing but text", () => {
    const chunks = words.map((content) => chunk({ content }));
    expect(parsedOf(CHAT, [chunk({ role: "assistant" }), ...chunks])).toBe(2);
  });

  test("few events where they are numbered and padded", () => {
    const deltas = words.map((delta, index) => ({
      type: "response.output_text.delta",
      delta,
      sequence_number: index,
      obfuscation: delta.slice(index % 5),
    }));
    expect(parsedOf(RESPONSES, deltas)).toBe(3);
  });

  test("all events where each tells another usage", () => {
    const parts = words.map((word, index) => ({
      candidates: [{ content: { parts: [{ text: word }] } }],
      usageMetadata: { promptTokenCount: 5, candidatesTokenCount: index },
    }));
    expect(parsedOf(GEMINI, parts)).toBe(50);
  });
});

test("a stream that is open keeps no more than one event in memory, however many came at once", () => {
  v8.setFlagsFromString("--expose-gc");
  const collectGarbage = vm.runInNewContext("gc") as () => void;
  const eventBytes = 200;
  const together = 64;
  const readerOf = (index: number): EventReader => {
    const reader = new EventReader(CHAT, createResponseFacts());
    const event = JSON.stringify(chunk({ content: `${index} `.padEnd(eventBytes) }));
    const came = Buffer.from(event.repeat(together)).toString();
    for (let at = 0; at < came.length; at += event.length) {
      reader.read(came.slice(at, at + event.length));
    }
    return reader;
  };
  const warm = readerOf(0);
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const open = Array.from({ length: 500 }, (_, index) => readerOf(index));
  collectGarbage();
  const bytesEach = (process.memoryUsage().heapUsed - before) / [warm, ...open].length;
  expect(bytesEach).toBeLessThan((together / 4) * eventBytes);
});
