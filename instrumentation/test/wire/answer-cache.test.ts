import { expect, test } from "vitest";
import { isFromCache } from "../../src/wire/answer-cache.ts";

const saidBy = (headers: Readonly<Record<string, string>>): boolean =>
  isFromCache((name) => headers[name]);

test.each([
  ["x-portkey-cache-status", "HIT"],
  ["x-portkey-cache-status", "SEMANTIC HIT"],
  ["cf-aig-cache-status", "HIT"],
  ["helicone-cache", " hit "],
  ["x-openrouter-cache-status", "HIT"],
])("%s: %s says that no provider was called", (name, value) => {
  expect(saidBy({ "content-type": "application/json", [name]: value })).toBe(true);
});

test.each([
  ["x-portkey-cache-status", "SEMANTIC MISS"],
  ["x-portkey-cache-status", "DISABLED"],
  ["cf-aig-cache-status", "MISS"],
  ["helicone-cache", ""],
  // Of a page, and not of a model's answer.
  ["cf-cache-status", "HIT"],
])("%s: %s does not", (name, value) => {
  expect(saidBy({ [name]: value })).toBe(false);
});
