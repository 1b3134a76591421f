import { describe, expect, test } from "vitest";
import { normaliseUsage } from "@lensai/otel-config/usage/normalise-usage";
import { createNormalUsage } from "@lensai/otel-config/usage/usage";
import { NDJSON_TYPE, PROVIDER_ANSWERS } from "../support/provider-answers.ts";
import { callOf, factsOf } from "../support/wire-call.ts";

describe("an answer of", () => {
  test.each(Object.entries(PROVIDER_ANSWERS))("%s is read", (_, answer) => {
    const { url, request = {}, type, chunks, headers = {}, facts, usage } = answer;
    const read = factsOf(callOf(url, request), chunks, { contentType: type, headers });
    expect(read).toMatchObject(facts);
    expect(normaliseUsage(read.usage, createNormalUsage())).toMatchObject(usage);
  });
});

describe("a stream of lines", () => {
  const CHAT = callOf("http://localhost:11434/api/chat", {});
  const body = [
    { message: { content: "Grüße" } },
    { done: true, done_reason: "stop", prompt_eval_count: 3, eval_count: 2 },
  ]
    .map((line) => JSON.stringify(line))
    .join("\r\n");
  const type = { contentType: NDJSON_TYPE };

  test("is read wherever its chunks end, also without a last line end", () => {
    const bytes = new TextEncoder().encode(body);
    const whole = factsOf(CHAT, [bytes], type);
    expect(whole).toMatchObject({ finishReasons: ["stop"], outputCharacters: 5, hasUsage: true });
    for (let at = 1; at < bytes.length; at += 1) {
      expect(factsOf(CHAT, [bytes.slice(0, at), bytes.slice(at)], type)).toEqual(whole);
    }
  });

  test("that breaks off is marked", () => {
    const read = factsOf(CHAT, [body.slice(0, 40)], { ...type, end: "broken_off" });
    expect(read).toMatchObject({ hasUsage: false, problem: "stream_broken_off" });
  });

  test("with a line beyond the limit reads the others", () => {
    const megabyte = "x".repeat(1024 * 1024);
    const read = factsOf(CHAT, [...Array.from({ length: 9 }, () => megabyte), `\n${body}`], type);
    expect(read).toMatchObject({ hasUsage: true, problem: "body_too_large" });
  });
});
