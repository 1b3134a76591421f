import { expect, test } from "vitest";
import { manifestSource } from "../../src/queries/manifest-source.ts";
import { sourceWithin } from "../../src/queries/query-source.ts";

const at = Date.UTC(2026, 2, 2);
const file = {
  key: "spans/v1/region=local/dt=2026-03-02/a.parquet",
  kind: "spans",
  sha256: "",
  sizeBytes: 1,
  rows: 2,
  minStartTime: "2026-03-02T00:00:00.000999Z",
  maxStartTime: "2026-03-02T00:00:00.005001Z",
  projects: ["p1"],
  rowVersion: 1,
} as const;
const source = manifestSource([file], ["/a"]);

const within = (fromMs: number, toMs: number) =>
  sourceWithin(source, { fromUnixMs: at + fromMs, toUnixMs: at + toMs }).files;

test("a file belongs to every range that its rows reach into", () => {
  expect(within(-5, 0)).toEqual([]);
  expect(within(-5, 1)).toEqual(["/a"]);
  expect(within(2, 3)).toEqual(["/a"]);
  expect(within(5, 6)).toEqual(["/a"]);
  expect(within(6, 9)).toEqual([]);
});

test("a file whose times cannot be read belongs to every range", () => {
  const odd = manifestSource([{ ...file, minStartTime: "?", maxStartTime: "?" }], ["/a"]);
  expect(sourceWithin(odd, { fromUnixMs: 0, toUnixMs: 1 }).files).toEqual(["/a"]);
});

test("without bounds every file belongs to every range", () => {
  expect(sourceWithin({ files: ["/a"] }, { fromUnixMs: 0, toUnixMs: 1 }).files).toEqual(["/a"]);
});

test("files of corrections are no rows", () => {
  const corrections = {
    ...file,
    kind: "corrections",
    key: "corrections/v1/region=local/dt=2026-03-02/a.parquet",
  } as const;
  const mixed = manifestSource([file, corrections, file], ["/a", "/c", "/b"]);
  expect(mixed.files).toEqual(["/a", "/b"]);
  expect(mixed.bounds).toHaveLength(2);
  expect(mixed.corrections).toEqual(["/c"]);
});

test("files of one row version have the same columns, and files of several may not", () => {
  const newer = { ...file, rowVersion: 2 };
  expect(manifestSource([file, file], ["/a", "/b"]).isUniform).toBe(true);
  expect(manifestSource([file, newer], ["/a", "/b"]).isUniform).toBe(false);
  expect(manifestSource([], []).isUniform).toBe(true);
});
