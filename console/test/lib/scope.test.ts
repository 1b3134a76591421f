import { expect, test } from "vitest";
import { isSameScope, scopeFromFields, scopeParts } from "#lib/scope.ts";

test("takes the keys that are filled in, and nothing else", () => {
  const fields = new URLSearchParams("team=+support+&user=&range=24h&model=gpt-5*&preview=1");
  expect(scopeFromFields(fields)).toEqual({ team: "support", model: "gpt-5*" });
});

test("says a scope in the same order whatever order it was given in", () => {
  expect(scopeParts({ team: "a", provider: "openai" })).toEqual(
    scopeParts({ provider: "openai", team: "a" }),
  );
});

test("tells scopes apart by every key", () => {
  expect(isSameScope({ team: "a" }, { team: "a" })).toBe(true);
  expect(isSameScope({ team: "a" }, { team: "a", user: "b" })).toBe(false);
  expect(isSameScope({}, { team: "a" })).toBe(false);
});
