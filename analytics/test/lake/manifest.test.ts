import { describe, expect, test } from "vitest";
import { parseManifest, serialiseManifest } from "../../src/lake/manifest.ts";
import type { ManifestCommit } from "../../src/lake/manifest.ts";
import { isoFromMicros, millisFromIsoMicros } from "../../src/lake/micros.ts";

const commit: ManifestCommit = {
  formatVersion: 1,
  name: "c1-0000000001",
  committedAt: "2026-11-23T10:00:00.000Z",
  region: "local",
  add: [
    {
      key: "spans/v1/region=local/dt=2026-11-23/c1-0000000001.parquet",
      kind: "spans",
      sha256: "a".repeat(64),
      sizeBytes: 10,
      rows: 2,
      minStartTime: "2026-11-23T09:00:00.000001Z",
      maxStartTime: "2026-11-23T09:00:00.999999Z",
      projects: ["project-a"],
      rowVersion: 1,
    },
  ],
  remove: ["spans/v1/region=local/dt=2026-11-23/old.parquet"],
};

/** The serialised commit after a change, as bytes. */
function changed(change: (document: Record<string, unknown>) => void): Uint8Array {
  const document = JSON.parse(new TextDecoder().decode(serialiseManifest(commit))) as Record<
    string,
    unknown
  >;
  change(document);
  return new TextEncoder().encode(JSON.stringify(document));
}

function changedFile(field: string, value: unknown): Uint8Array {
  return changed((document) => {
    document["add"] = [{ ...commit.add[0], [field]: value }];
  });
}

describe("manifest", () => {
  test("is read back as it was written", () => {
    expect(parseManifest(serialiseManifest(commit), "k")).toEqual(commit);
  });

  test("has the same bytes for the same commit, whatever the order of its fields", () => {
    const { name, ...rest } = commit;
    const [file] = commit.add;
    const { key, ...fileRest } = file as ManifestCommit["add"][number];
    const reordered = { ...rest, add: [{ ...fileRest, key }], name };
    expect(serialiseManifest(reordered)).toEqual(serialiseManifest(commit));
  });

  test("is refused at every length it can be cut off at", () => {
    const whole = serialiseManifest(commit);
    for (let length = 0; length < whole.length - 1; length += 1) {
      expect(() => parseManifest(whole.subarray(0, length), "k")).toThrow(/not usable/);
    }
  });

  test("keeps readable when a later version adds fields", () => {
    const body = changed((document) => {
      document["merkleRoot"] = "abc";
    });
    expect(parseManifest(body, "k").name).toBe(commit.name);
  });

  test.each<[string, Uint8Array]>([
    ["its format version is 2", changed((document) => (document["formatVersion"] = 2))],
    ['"name" is missing', changed((document) => delete document["name"])],
    [
      '"committedAt" is missing or wrong',
      changed((document) => (document["committedAt"] = "soon")),
    ],
    ['"remove" is missing or wrong', changed((document) => (document["remove"] = [1]))],
    ["a file is not an object", changed((document) => (document["add"] = [null]))],
    ['"sha256" is missing or wrong', changedFile("sha256", "A".repeat(64))],
    ['"rows" is missing or wrong', changedFile("rows", -1)],
    ['"sizeBytes" is missing or wrong', changedFile("sizeBytes", "10")],
    ['"minStartTime" is missing or wrong', changedFile("minStartTime", "2026-11-23")],
    ["is not a key of spans", changedFile("key", "../../etc/passwd")],
    ["is not a key of content", changedFile("kind", "content")],
    ["it is not an object", new TextEncoder().encode("null")],
    ["it is not complete JSON", Uint8Array.of(0x22, 0xff, 0x22)],
  ])("is refused because %s", (reason, body) => {
    expect(() => parseManifest(body, "some-key")).toThrow(reason);
    expect(() => parseManifest(body, "some-key")).toThrow("some-key");
  });
});

describe("moments with microseconds", () => {
  test("keep their microseconds", () => {
    expect(isoFromMicros(1_763_888_400_123_456n)).toBe("2025-11-23T09:00:00.123456Z");
    expect(millisFromIsoMicros("2025-11-23T09:00:00.123456Z")).toBe(1_763_888_400_123);
  });

  test("outside the years 1970 to 9999 become the nearest inside", () => {
    expect(isoFromMicros(-1n)).toBe("1970-01-01T00:00:00.000000Z");
    expect(isoFromMicros(2n ** 62n)).toBe("9999-12-31T23:59:59.999999Z");
  });
});
