import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SseParser } from "@lensai/otel-config/event-stream/sse-parser";
import { withStreamUsage, withoutStreamUsage } from "../../src/wire/stream-usage-option.ts";
import { sse } from "../support/wire-call.ts";

const shown = (raw: string): string =>
  new SseParser(100_000)
    .push(raw)
    .map((event) => withoutStreamUsage(event) ?? "")
    .join("");

const CHUNK = { id: "a", choices: [{ delta: { content: "Hi" } }] };

describe("asking for usage", () => {
  test("adds the option and keeps everything else", () => {
    const body = { model: "m", stream: true, stream_options: { include_obfuscation: false } };
    expect(JSON.parse(withStreamUsage(JSON.stringify(body)) ?? "")).toEqual({
      ...body,
      stream_options: { include_obfuscation: false, include_usage: true },
    });
  });
});

test("asking for usage changes not one character of what is there", () => {
  const body =
    ' {  "model":"m", "stream" : true,\n"messages":[{"content":"{\\u0022}"}], "n": 1.0 }';
  const asking = withStreamUsage(body) ?? "";
  const option = '"stream_options":{"include_usage":true},';
  expect(asking.replace(option, "")).toBe(body);
  expect(JSON.parse(asking)).toEqual({
    ...(JSON.parse(body) as object),
    stream_options: { include_usage: true },
  });
});

describe("hiding what was asked for", () => {
  test("takes the chunk away that only has the usage", () => {
    const usage = sse({ id: "a", choices: [], usage: { prompt_tokens: 1 } });
    expect(shown(sse(CHUNK) + usage + sse("[DONE]"))).toBe(sse(CHUNK) + sse("[DONE]"));
  });

  test("takes the empty usage out of all other chunks", () => {
    expect(shown(sse({ ...CHUNK, usage: null }))).toBe(sse(CHUNK));
    expect(shown(sse({ usage: null, ...CHUNK }))).toBe(sse(CHUNK));
    const spaced = 'data: {"id": "a", "usage": null, "choices": [1]}\n\n';
    expect(shown(spaced)).toBe('data: {"id": "a", "choices": [1]}\n\n');
  });

  test("leaves usage that comes with choices, and chunks without choices that have none", () => {
    for (const chunk of [
      { choices: [{}], usage: { prompt_tokens: 1 } },
      { choices: [], prompt_filter_results: [] },
    ]) {
      expect(shown(sse(chunk))).toBe(sse(chunk));
    }
  });

  test("changes no text that an answer quotes", () => {
    const quoted = fc.oneof(
      fc.string(),
      fc.constantFrom(',"usage":null', '"usage":null,', '{"usage":null}', '\\,"usage":null}'),
    );
    fc.assert(
      fc.property(fc.array(quoted), (texts) => {
        const chunk = { id: "a", choices: [{ delta: { content: texts.join("") } }] };
        expect(shown(sse({ ...chunk, usage: null }))).toBe(sse(chunk));
      }),
    );
  });
});
