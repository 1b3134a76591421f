import { expect, test } from "vitest";
import { presentedKeys } from "../../src/admission/presented-keys.ts";

const keysOf = (headers: Record<string, string>): string[] =>
  presentedKeys((name) => headers[name]);

const basic = (credentials: string): string =>
  `Basic ${Buffer.from(credentials).toString("base64")}`;

test.each([
  ["Bearer k1", ["k1"]],
  ["bearer  k1 ", ["k1"]],
  ["Bearer%20k1", ["k1"]],
  ["Api-Key k1", ["k1"]],
  ["k1", ["k1"]],
  [basic("public:secret"), ["secret", "public"]],
  [basic("k1"), ["k1"]],
  [basic("k1:"), ["k1"]],
  ["Digest k1", []],
  ["", []],
])("reads authorization %j", (authorization, keys) => {
  expect(keysOf({ authorization })).toEqual(keys);
});

test.each(["x-lensai-key", "x-api-key", "api_key", "api-key"])("reads the header %s", (name) => {
  expect(keysOf({ [name]: "k%2F1" })).toEqual(["k/1"]);
});

test("tries authorization first and each key once", () => {
  const headers = { authorization: "Bearer k1", "x-api-key": "k2", api_key: "k1" };
  expect(keysOf(headers)).toEqual(["k1", "k2"]);
});

test("keeps a value that only looks percent-encoded", () => {
  expect(keysOf({ "x-api-key": "100%" })).toEqual(["100%"]);
});

test("ignores a value longer than any key", () => {
  expect(keysOf({ "x-api-key": "k".repeat(512) })).toHaveLength(1);
  expect(keysOf({ "x-api-key": "k".repeat(513) })).toHaveLength(0);
});
