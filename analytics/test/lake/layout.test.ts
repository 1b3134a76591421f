import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dayOf, dayPrefix, lakeKey, parseLakeKey } from "../../src/lake/layout.ts";
import type { LakeKey } from "../../src/lake/layout.ts";

const DAY_2026_11_23 = 20_780;

describe("layout", () => {
  test("builds the documented keys", () => {
    const where = { region: "local", day: DAY_2026_11_23, name: "c1-0000000007" };
    expect(lakeKey({ kind: "spans", ...where })).toBe(
      "spans/v1/region=local/dt=2026-11-23/c1-0000000007.parquet",
    );
    expect(lakeKey({ kind: "content", ...where })).toBe(
      "content/v1/region=local/dt=2026-11-23/c1-0000000007.parquet",
    );
    expect(lakeKey({ kind: "manifest", ...where })).toBe(
      "manifest/v1/region=local/dt=2026-11-23/c1-0000000007.json",
    );
    expect(dayPrefix({ kind: "spans", region: "eu-1", day: 0 })).toBe(
      "spans/v1/region=eu-1/dt=1970-01-01/",
    );
  });

  test("reads back every key that it builds", () => {
    const letters = fc.string({
      unit: fc.constantFrom("a", "z", "0", "9"),
      minLength: 1,
      maxLength: 9,
    });
    const key: fc.Arbitrary<LakeKey> = fc.record({
      kind: fc.constantFrom("spans", "content", "manifest"),
      region: fc.tuple(letters, letters).map((parts) => parts.join("-")),
      day: fc.integer({ min: 0, max: 2_932_896 }),
      name: fc
        .tuple(letters, fc.constantFrom("-", ".", "_", ""), letters)
        .map((parts) => parts.join("")),
    });
    fc.assert(
      fc.property(key, (parts) => {
        expect(parseLakeKey(lakeKey(parts))).toEqual(parts);
      }),
    );
  });

  test.each([
    "spans/v1/region=local/dt=2026-11-23/a.json",
    "manifest/v1/region=local/dt=2026-11-23/a.parquet",
    "spans/v2/region=local/dt=2026-11-23/a.parquet",
    "spans/v1/region=local/dt=2026-02-30/a.parquet",
    "spans/v1/region=local/dt=2026-11-23/a/b.parquet",
    "spans/v1/region=Local/dt=2026-11-23/a.parquet",
    "spans/v1/region=local/dt=2026-11-23/A.parquet",
    "spans/v1/region=local/dt=2026-11-23/.parquet",
    "x/spans/v1/region=local/dt=2026-11-23/a.parquet",
    "spans/v1/region=local/dt=2026-11-23/a.parquet.tmp",
    "",
  ])("does not take %j for a key of its own", (key) => {
    expect(parseLakeKey(key)).toBeUndefined();
  });

  test.each([
    { region: "", day: 0, name: "a" },
    { region: "a/b", day: 0, name: "a" },
    { region: "a".repeat(64), day: 0, name: "a" },
    { region: "local", day: -1, name: "a" },
    { region: "local", day: 2_932_897, name: "a" },
    { region: "local", day: 1.5, name: "a" },
    { region: "local", day: 0, name: "" },
    { region: "local", day: 0, name: "../a" },
    { region: "local", day: 0, name: "A" },
    { region: "local", day: 0, name: "a".repeat(129) },
  ])("refuses %j", (parts) => {
    expect(() => lakeKey({ kind: "spans", ...parts })).toThrow(RangeError);
  });

  test("takes the UTC day of a moment", () => {
    expect(dayOf(new Date("2026-11-23T00:00:00.000Z"))).toBe(DAY_2026_11_23);
    expect(dayOf(new Date("2026-11-22T23:59:59.999Z"))).toBe(DAY_2026_11_23 - 1);
  });
});
