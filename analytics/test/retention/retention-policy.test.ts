import { describe, expect, test } from "vitest";
import type { FileKind } from "../../src/lake/layout.ts";
import type { ManifestFile } from "../../src/lake/manifest.ts";
import {
  KEPT_FOR_EVER,
  expiredFiles,
  isContentBytes,
  isDays,
  recordsKeptFromMs,
  retentionProblem,
} from "../../src/retention/retention-policy.ts";

const NOW_MS = Date.parse("2026-11-24T12:00:00Z");

function fileOf(kind: FileKind, day: string): ManifestFile {
  const time = `${day}T01:00:00.000000Z`;
  return {
    key: `${kind}/v1/region=local/dt=${day}/c1-000001.parquet`,
    kind,
    sha256: "0".repeat(64),
    sizeBytes: 10,
    rows: 1,
    minStartTime: time,
    maxStartTime: time,
    projects: ["p1"],
    rowVersion: 1,
  };
}

const KINDS: readonly FileKind[] = ["spans", "content", "corrections"];
const FILES = ["2026-10-14", "2026-10-15", "2026-11-22", "2026-11-23", "2026-11-24"].flatMap(
  (day) => KINDS.map((kind) => fileOf(kind, day)),
);

const expired = (recordDays?: number, contentDays?: number): string[] =>
  expiredFiles(FILES, { recordDays, contentDays }, NOW_MS).map(
    ({ key, kind }) => `${kind} ${/dt=([^/]+)/.exec(key)?.[1]}`,
  );

describe("what is kept no longer", () => {
  test("is nothing without a policy", () => {
    expect(expired()).toEqual([]);
    expect(recordsKeptFromMs(KEPT_FOR_EVER, NOW_MS)).toBeUndefined();
  });

  test("are the whole days before, of records and of all that belongs to them", () => {
    expect(expired(40)).toEqual([
      "spans 2026-10-14",
      "content 2026-10-14",
      "corrections 2026-10-14",
    ]);
    expect(recordsKeptFromMs({ recordDays: 40, contentDays: undefined }, NOW_MS)).toBe(
      Date.parse("2026-10-15T00:00:00Z"),
    );
    expect(expired(41)).toEqual([]);
  });

  test("is content sooner, where that is said", () => {
    expect(expired(undefined, 1)).toEqual([
      "content 2026-10-14",
      "content 2026-10-15",
      "content 2026-11-22",
    ]);
    expect(expired(40, 2)).toEqual([
      "spans 2026-10-14",
      "content 2026-10-14",
      "corrections 2026-10-14",
      "content 2026-10-15",
    ]);
  });
});

const contentBeyond = (contentBytesMax: number, policy: { contentDays?: number } = {}): string[] =>
  expiredFiles(
    FILES.toReversed(),
    { recordDays: undefined, contentDays: undefined, ...policy, contentBytesMax },
    NOW_MS,
  ).map(({ key, kind }) => `${kind} ${/dt=([^/]+)/.exec(key)?.[1]}`);

describe("content beyond its bytes", () => {
  test("is none up to the last byte", () => {
    expect(contentBeyond(50)).toEqual([]);
  });

  test("goes in whole files, the oldest first, whatever their order, until the rest fits", () => {
    expect(contentBeyond(49)).toEqual(["content 2026-10-14"]);
    expect(contentBeyond(40)).toEqual(["content 2026-10-14"]);
    expect(contentBeyond(39)).toEqual(["content 2026-10-14", "content 2026-10-15"]);
    expect(contentBeyond(10)).toEqual(
      ["10-14", "10-15", "11-22", "11-23"].map((day) => `content 2026-${day}`),
    );
  });

  test("is counted without what is too old anyhow", () => {
    const tooOld = ["content 2026-10-14", "content 2026-10-15"];
    expect(contentBeyond(30, { contentDays: 5 }).toSorted()).toEqual(tooOld);
    expect(contentBeyond(29, { contentDays: 5 }).toSorted()).toEqual([
      ...tooOld,
      "content 2026-11-22",
    ]);
  });

  test("takes no record along", () => {
    const kinds = expiredFiles(FILES, { ...KEPT_FOR_EVER, contentBytesMax: 0 }, NOW_MS).map(
      ({ kind }) => kind,
    );
    expect(new Set(kinds)).toEqual(new Set(["content"]));
  });
});

test.each([
  ["134217728", true],
  ["1000000000000000", true],
  ["134217727", false],
  ["1000000000000001", false],
  ["", false],
  ["1e12", false],
  ["-134217728", false],
])("%j bytes of content: %s", (value, isGood) => {
  expect(isContentBytes(value)).toBe(isGood);
});

test.each([
  ["40", true],
  ["36500", true],
  ["39", false],
  ["36501", false],
  ["", false],
  ["-40", false],
  ["40.5", false],
  ["4e1", false],
])("%j days, 40 at least: %s", (value, isGood) => {
  expect(isDays(value, 40)).toBe(isGood);
});

test("refuses content that stays when its records go", () => {
  expect(retentionProblem({ recordDays: 40, contentDays: 41 })).toBe(
    "LENSAI_CONTENT_RETENTION_DAYS (41) must not be more than LENSAI_RETENTION_DAYS (40): content goes with its records",
  );
  expect(retentionProblem({ recordDays: 40, contentDays: 40 })).toBeUndefined();
  expect(retentionProblem({ recordDays: undefined, contentDays: 400 })).toBeUndefined();
});
