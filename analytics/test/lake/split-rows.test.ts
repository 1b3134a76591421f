import { describe, expect, test } from "vitest";
import { describeRows } from "../../src/lake/split-rows.ts";
import { sampleBatch } from "./sample-rows.ts";

describe("what a manifest says of rows", () => {
  test("has the least and the most start in whatever order, on both sides of 32 bits", () => {
    const times = [2n ** 32n, 2n ** 32n + 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n + 1n];
    const batch = sampleBatch(
      times.map((micros, row) => ({ spanId: String(row), day: 0, micros })),
    );
    const said = describeRows(batch, Uint32Array.of(0, 1, 2, 3));
    expect(said.minStartTime).toBe("1970-01-01T01:11:34.967295Z");
    expect(said.maxStartTime).toBe("1970-01-01T01:47:22.450944Z");
    const without = describeRows(batch, Uint32Array.of(0, 3));
    expect([without.minStartTime, without.maxStartTime]).toEqual([
      "1970-01-01T01:11:34.967296Z",
      "1970-01-01T01:11:34.967297Z",
    ]);
  });

  test("names each project once, of its rows alone", () => {
    const batch = sampleBatch(
      ["b", "a", "b", "b", "c"].map((project, row) => ({ spanId: String(row), day: 0, project })),
    );
    expect(describeRows(batch, Uint32Array.of(0, 1, 2, 3)).projects).toEqual(["a", "b"]);
  });
});
