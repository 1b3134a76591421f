import * as fc from "fast-check";
import { expect, test } from "vitest";
import { CommitNames } from "../../src/lake/commit-names.ts";

const anyName = fc.oneof(
  fc
    .record({
      writer: fc.constantFrom("c1-", "c1-1-", "compact-", ""),
      number: fc.nat(40),
      width: fc.constantFrom(1, 2, 6),
    })
    .map(({ writer, number, width }) => `${writer}${String(number).padStart(width, "0")}`),
  fc.constantFrom("a", "c", "c1-", "c1-x", `c1-${"9".repeat(20)}`),
);

test("holds the names that were added and no others, in whatever order, and after they were written down", () => {
  fc.assert(
    fc.property(fc.array(anyName), fc.array(anyName), (added, asked) => {
      const names = new CommitNames();
      for (const name of added) names.add(name);
      const copy = new CommitNames();
      for (const range of names.ranges().toReversed()) copy.addRange(range);
      const expected = new Set(added);
      for (const name of [...added, ...asked]) {
        expect([name, names.has(name)]).toEqual([name, expected.has(name)]);
        expect([name, copy.has(name)]).toEqual([name, expected.has(name)]);
      }
      expect([names.size, copy.size]).toEqual([expected.size, expected.size]);
    }),
  );
});

test("a writer's numbers are one range, gaps aside", () => {
  const names = new CommitNames();
  for (let number = 999; number >= 0; number -= 1) {
    if (number !== 500) names.add(`c1-${String(number).padStart(6, "0")}`);
  }
  expect(names.ranges()).toEqual([
    { first: "c1-000000", last: "c1-000499" },
    { first: "c1-000501", last: "c1-000999" },
  ]);
  names.add("c1-000500");
  expect(names.ranges()).toHaveLength(1);
});
