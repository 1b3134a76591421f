import * as fc from "fast-check";
import { expect, test } from "vitest";
import { indentJson } from "#lib/indent-json.ts";

test("indents as JSON.stringify does, whatever blanks were there", () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom(undefined, 1, "\t", "\r\n"), (json, blanks) => {
      const value = JSON.parse(json) as unknown;
      const written = JSON.stringify(value, undefined, blanks === "\r\n" ? undefined : blanks);
      const sent = blanks === "\r\n" ? `\r\n${written}\r\n` : written;
      expect(indentJson(sent)).toBe(JSON.stringify(value, undefined, 2));
    }),
    { numRuns: 500 },
  );
});

test("leaves numbers their digits, and strings their escapes", () => {
  const json = String.raw`{"order":9007199254740993,"cost":1.10,"of":"a\u0041 {[,:]} \"\\"}`;
  expect(indentJson(json)).toBe(
    String.raw`{
  "order": 9007199254740993,
  "cost": 1.10,
  "of": "a\u0041 {[,:]} \"\\"
}`,
  );
});

test("leaves text that is no JSON alone", () => {
  for (const text of ["", "plain words", '{"a":', "{'a': 1}"]) expect(indentJson(text)).toBe(text);
});
