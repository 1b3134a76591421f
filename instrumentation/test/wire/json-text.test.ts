import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { memberAt, nestedAt } from "../../src/wire/json-text.ts";

const valueOf = (json: string, name: string): string | undefined => {
  const at = memberAt(json, name);
  return at === undefined ? undefined : json.slice(at);
};

/** As parsing finds it. */
const isMember = (json: string, name: string): boolean =>
  Object.hasOwn(JSON.parse(json) as object, name);

describe("a member of the outermost object", () => {
  test.each([
    ['{"stream":true}', "true}"],
    ['{ "stream" :\n\ttrue }', "true }"],
    ['{"a":[{"stream":false}],"stream":1,"b":{"stream":2}}', '1,"b":{"stream":2}}'],
    ['{"stream":false,"stream":true}', "true}"],
    ['{"a":"\\"stream\\":true","stream":0}', "0}"],
    ['{"a":"\\\\","stream":0}', "0}"],
  ])("of %s is found", (json, value) => {
    expect(valueOf(json, "stream")).toBe(value);
  });

  test.each([
    "{}",
    "",
    '"stream"',
    '["stream"]',
    '{"a":"stream"}',
    '{"a":{"stream":true}}',
    '{"a":[{"stream":true}]}',
    '{"a":"\\"stream\\":true"}',
    '{"a":"{\\"stream\\":true"}',
    '{"Stream":true,"streams":true}',
  ])("is not in %s", (json) => {
    expect(valueOf(json, "stream")).toBeUndefined();
  });

  test("is found where parsing finds it, whatever is around it", () => {
    const name = fc.constantFrom("stream", "model", "a", "a stream", '{"stream');
    const leaf = fc.oneof(fc.string(), name, fc.constantFrom('{"stream":true', "[", '\\"'));
    const { object } = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: "small" },
        leaf,
        fc.boolean(),
        fc.array(tie("value")),
        tie("object"),
      ),
      object: fc.dictionary(name, tie("value"), { maxKeys: 4 }),
    }));
    fc.assert(
      fc.property(object, fc.constantFrom(0, 2), (value, indent) => {
        const json = JSON.stringify(value, undefined, indent);
        expect(memberAt(json, "stream") !== undefined).toBe(isMember(json, "stream"));
        const at = memberAt(json, "stream");
        expect(memberAt(json, "stream", Math.max(0, json.indexOf('"stream"')))).toBe(at);
        if (at === undefined || !/[{[]/.test(json[at] ?? "")) return;
        const { stream } = value as { stream: unknown };
        expect(JSON.parse(nestedAt(json, at))).toEqual(stream);
      }),
    );
  });

  test("of a text that is no JSON is whatever it is, but the search ends", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('"stream":', '"', "\\", "{", "}", "[", "]")),
        (parts) => {
          const at = memberAt(parts.join(""), "stream");
          if (at !== undefined) nestedAt(parts.join(""), at);
        },
      ),
    );
  });
});
