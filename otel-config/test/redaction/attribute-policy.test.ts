import { describe, expect, it } from "vitest";
import {
  CONTENT_ENDINGS,
  CONTENT_KEYS,
  CONTENT_PREFIXES,
  DROPPED_KEYS,
  DROPPED_PREFIXES,
  attributePolicy,
} from "../../src/redaction/attribute-policy.ts";

describe("attributePolicy", () => {
  it.each([
    ...DROPPED_KEYS,
    ...DROPPED_PREFIXES.map((prefix) => `${prefix}x`),
    "http.request.header.authorization",
    "embedding.embeddings.0.embedding.vector",
    "process.command_args",
  ])("never stores %s", (key) => {
    expect(attributePolicy(key)).toBe("drop");
  });

  it.each([
    ...CONTENT_KEYS,
    ...CONTENT_PREFIXES.map((prefix) => `${prefix}x`),
    ...CONTENT_ENDINGS.map((ending) => `framework.step${ending}`),
    "gen_ai.prompt.0.content",
    "llm.input_messages.0.message.content",
    "ai.prompt.messages",
  ])("treats %s as content", (key) => {
    expect(attributePolicy(key)).toBe("content");
  });

  it.each([
    "gen_ai.request.model",
    "gen_ai.usage.input_tokens",
    "gen_ai.prompt.name",
    "gen_ai.prompt.version",
    "gen_ai.output.type",
    "prompt.id",
    "host.name",
    "process.pid",
    "http.request.body.size",
    "http.request.headers_count",
    "toString",
    "",
  ])("keeps %j", (key) => {
    expect(attributePolicy(key)).toBe("keep");
  });
});
