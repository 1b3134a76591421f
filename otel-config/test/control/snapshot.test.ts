import { expect, test } from "vitest";
import { parseControlSnapshot } from "../../src/control/snapshot.ts";

const key = {
  id: "key_1",
  sha256: "a".repeat(64),
  projectId: "shop",
  scopes: ["ingest"],
  origins: [],
  revoked: false,
};
const project = { id: "shop", name: "Shop", content: "redacted" };
const snapshot = {
  formatVersion: 1,
  version: 7,
  issuedAt: "2026-11-23T00:00:00.000Z",
  projects: [project],
  keys: [key],
};

test("reads a snapshot back as it was written, and ignores fields that it does not know", () => {
  const document: unknown = JSON.parse(JSON.stringify({ ...snapshot, budgets: [] }));
  expect(parseControlSnapshot(document)).toEqual(snapshot);
});

test.each<[string, unknown]>([
  ["not an object", null],
  ["not an object", [snapshot]],
  ["formatVersion 2 is not supported", { ...snapshot, formatVersion: 2 }],
  ["version is not a whole number", { ...snapshot, version: "7" }],
  ["version is not a whole number", { ...snapshot, version: -1 }],
  ["issuedAt is not a string", { ...snapshot, issuedAt: 5 }],
  ["projects is not a list", { ...snapshot, projects: {} }],
  ["projects[0] is not an object", { ...snapshot, projects: ["shop"] }],
  ["projects[0].name is not a string", { ...snapshot, projects: [{ ...project, name: 1 }] }],
  ['projects[0].content is "full"', { ...snapshot, projects: [{ ...project, content: "full" }] }],
  ["keys is not a list", { ...snapshot, keys: undefined }],
  ["keys[1].id is not a string", { ...snapshot, keys: [key, { ...key, id: undefined }] }],
  ["keys[0].sha256 is not", { ...snapshot, keys: [{ ...key, sha256: "A".repeat(64) }] }],
  ["keys[0].sha256 is not", { ...snapshot, keys: [{ ...key, sha256: "a".repeat(63) }] }],
  ['keys[0].scopes has unknown "root"', { ...snapshot, keys: [{ ...key, scopes: ["root"] }] }],
  ["keys[0].origins is not a list", { ...snapshot, keys: [{ ...key, origins: [1] }] }],
])("says that %s", (problem, document) => {
  expect(() => parseControlSnapshot(document)).toThrow(problem);
});

test.each([undefined, null, "true", 1])(
  "does not take %j for a key that is not revoked",
  (revoked) => {
    const document = { ...snapshot, keys: [{ ...key, revoked }] };
    expect(() => parseControlSnapshot(document)).toThrow("keys[0].revoked is not true or false");
  },
);
