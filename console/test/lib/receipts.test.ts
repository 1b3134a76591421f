import { expect, test } from "vitest";
import { withNewest } from "#lib/receipts.ts";

const announced = (subjectId: string, kind: string, known: number) => ({ subjectId, kind, known });

test("newer counts take the place of those that were known, and older announcements stay behind them", () => {
  const known = {
    guards: 9,
    announcements: [announced("b", "trigger", 3), announced("a", "release", 9)],
  };
  const newest = {
    guards: 10,
    announcements: [announced("b", "release", 1), announced("b", "trigger", 10)],
  };
  expect(withNewest(newest, known)).toEqual({
    guards: 10,
    announcements: [
      announced("b", "release", 1),
      announced("b", "trigger", 10),
      announced("a", "release", 9),
    ],
  });
});
