import { expect, it } from "vitest";
import { modelFamily } from "../../src/billing/model-family.ts";

it.each([
  ["gpt-5-mini", "gpt-5-mini-2025-08-07"],
  ["gpt-3.5-turbo", "gpt-3.5-turbo-0125"],
  ["claude-sonnet-4-5", "claude-sonnet-4-5-20250929"],
  ["claude-sonnet-4-5", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"],
  ["claude-sonnet-4-5", "anthropic/claude-sonnet-4-5@20250929"],
  ["gemini-2.0-flash", "models/gemini-2.0-flash-001"],
  ["mistral-large-latest", "mistral-large-2402"],
])("%s and %s are one family", (one, other) => {
  expect(modelFamily(one)).toBe(modelFamily(other));
});

it.each([
  ["gpt-5", "gpt-5-mini"],
  ["gpt-4o", "gpt-4.1"],
  ["claude-sonnet-4-5", "claude-haiku-4-5"],
  ["text-embedding-3-small", "text-embedding-3-large"],
  ["llama-3.1-8b", "llama-3.1-70b"],
])("%s and %s are two", (one, other) => {
  expect(modelFamily(one)).not.toBe(modelFamily(other));
});

it("keeps a name that is nothing but a date", () => {
  expect(modelFamily("2025-08-07")).toBe("2025-08-07");
});
