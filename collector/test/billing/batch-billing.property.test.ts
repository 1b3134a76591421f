import * as fc from "fast-check";
import { expect, it } from "vitest";
import { verdictsAfter } from "./call-rows.ts";
import { cut, randomLandings, verdictsAtOnce } from "./random-landings.ts";

const RUNS = { numRuns: 150 };
/** Forgets nothing of what is drawn, and is no 20 MB in each run. */
const WINDOW = { halfRecords: 1000, halfLinks: 1000 };

it("gives the verdicts of all records at once, in whatever order and batches they land", () => {
  fc.assert(
    fc.property(randomLandings, ({ records, links, rows, borders }) => {
      const verdicts = verdictsAfter(cut(rows, borders), WINDOW);
      const expected = verdictsAtOnce(records, links);
      expect(Object.fromEntries(records.map((_, at) => [at, verdicts.get(at)]))).toEqual(
        Object.fromEntries(expected),
      );
    }),
    RUNS,
  );
});
