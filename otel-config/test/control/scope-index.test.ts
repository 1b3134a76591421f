import { SCOPE_KEYS } from "@lensai/otel-config/control/call-scope";
import type { CallScope } from "@lensai/otel-config/control/call-scope";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { ScopeIndex } from "@lensai/otel-config/control/scope-index";
import type { ScopeValues } from "@lensai/otel-config/control/scope-index";

const value = fc.constantFrom("a", "b", "ab", "abc");
const scopes = fc.dictionary(fc.constantFrom(...SCOPE_KEYS), value) as fc.Arbitrary<CallScope>;
const withPrefix = fc
  .tuple(scopes, fc.constantFrom({}, { model: "a*" }, { model: "ab*" }, { model: "*" }))
  .map(([scope, prefix]): CallScope => Object.assign({}, scope, prefix));

/** What a scope means, word for word. */
function isUnder(scope: CallScope, values: ScopeValues): boolean {
  return SCOPE_KEYS.every((key) => {
    const asked = scope[key];
    const is = values[key];
    if (asked === undefined) return true;
    if (is === undefined) return false;
    return key === "model" && asked.endsWith("*")
      ? is.startsWith(asked.slice(0, -1))
      : is === asked;
  });
}

test("a call is under exactly the rules whose every attribute it has, models also by their beginning", () => {
  fc.assert(
    fc.property(fc.array(withPrefix, { maxLength: 30 }), scopes, (rules, values) => {
      const index = new ScopeIndex<number>();
      for (const [at, scope] of rules.entries()) index.add(scope, at);
      const found: number[] = [];
      const count = index.match(values, found);
      const expected = [...rules.keys()].filter((at) => isUnder(rules[at] as CallScope, values));
      expect(found.slice(0, count).toSorted((a, b) => a - b)).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test("what was found before does not come again with the next call", () => {
  const index = new ScopeIndex<string>();
  index.add({}, "all");
  index.add({ team: "support" }, "support");
  const found: string[] = [];
  expect(index.match({ team: "support" }, found)).toBe(2);
  expect(index.match({ team: "sales" }, found)).toBe(1);
  expect(found[0]).toBe("all");
});
