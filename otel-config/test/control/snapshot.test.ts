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
const time = "2026-11-23T00:00:00.000Z";
const signingSecret = { id: "sig_1", projectId: "shop", secret: "s".repeat(43), expiresAt: time };
const budget = {
  id: "bud_1",
  projectId: "shop",
  name: "checkout, per user",
  scope: { feature: "checkout", model: "gpt-5*" },
  each: "user",
  limitNanoUsd: "100000000000",
  mode: "enforce",
  failMode: "closed",
  unknownPrice: "block",
  clamp: true,
  periodStartsAt: time,
  resetsAt: "2026-11-24T00:00:00.000Z",
  laterResetsAt: ["2026-11-25T00:00:00.000Z", "2026-11-26T00:00:00.000Z"],
  windowMs: 86_400_000,
};
const killSwitch = {
  id: "kill_1",
  projectId: "shop",
  scope: { provider: "openai" },
  reason: "a loop",
  triggeredAt: time,
};
const whole = {
  ...snapshot,
  projects: [{ ...project, requireSignature: true }],
  keys: [{ ...key, expiresAt: time }],
  signingSecrets: [signingSecret],
  budgets: [budget],
  killSwitches: [killSwitch],
};

const withBudget = (change: object): unknown => ({ ...whole, budgets: [{ ...budget, ...change }] });

test("reads a snapshot back as it was written, and ignores fields that it does not know", () => {
  const document: unknown = JSON.parse(JSON.stringify({ ...snapshot, weather: [] }));
  expect(parseControlSnapshot(document)).toEqual(snapshot);
});

test("reads every section back as it was written", () => {
  const document: unknown = JSON.parse(JSON.stringify(whole));
  expect(parseControlSnapshot(document)).toEqual(whole);
});

test("hands on prices as they are: one that cannot be read must not keep a switch from holding", () => {
  const prices = { formatVersion: 9, entries: "all" };
  const { prices: read, killSwitches } = parseControlSnapshot({ ...whole, prices });
  expect([read, killSwitches]).toEqual([prices, [killSwitch]]);
});

test("keeps a section that was not sent apart from an empty one", () => {
  expect(parseControlSnapshot(snapshot).budgets).toBeUndefined();
  expect(parseControlSnapshot({ ...snapshot, budgets: [] }).budgets).toEqual([]);
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
  ["keys[0].expiresAt is not a time", { ...snapshot, keys: [{ ...key, expiresAt: "soon" }] }],
  [
    "projects[0].requireSignature is not true or false",
    { ...snapshot, projects: [{ ...project, requireSignature: "yes" }] },
  ],
  [
    "signingSecrets[0].secret is not base64url",
    { ...whole, signingSecrets: [{ ...signingSecret, secret: "s".repeat(42) }] },
  ],
  ["budgets is not a list", { ...whole, budgets: {} }],
  ['budgets[0].scope has unknown "colour"', withBudget({ scope: { colour: "red" } })],
  ["budgets[0].scope.user is not a text", withBudget({ scope: { user: "" } })],
  ["budgets[0].scope.user is not a text", withBudget({ scope: { user: "u".repeat(257) } })],
  ["budgets[0].each is not the name", withBudget({ each: "colour" })],
  ["budgets[0].limitNanoUsd is not a whole amount", withBudget({ limitNanoUsd: "-1" })],
  ["budgets[0].limitNanoUsd is not a whole amount", withBudget({ limitNanoUsd: "1e9" })],
  ["budgets[0].limitNanoUsd is not a whole amount", withBudget({ limitNanoUsd: "1".repeat(19) })],
  ["budgets[0].limitNanoUsd is not a string", withBudget({ limitNanoUsd: 1 })],
  ['budgets[0].mode is "stop"', withBudget({ mode: "stop" })],
  ["budgets[0].clamp is not true or false", withBudget({ clamp: undefined })],
  ["budgets[0].resetsAt is not after", withBudget({ resetsAt: time })],
  ["budgets[0].laterResetsAt does not go on", withBudget({ laterResetsAt: [budget.resetsAt] })],
  ["budgets[0].laterResetsAt is not a list of times", withBudget({ laterResetsAt: ["soon"] })],
  ["budgets[0].windowMs is not a whole number", withBudget({ windowMs: 0 })],
  ["killSwitches[0].reason", { ...whole, killSwitches: [{ ...killSwitch, reason: undefined }] }],
])("says that %s", (problem, document) => {
  expect(() => parseControlSnapshot(document)).toThrow(problem);
});

test("never repeats a secret that it refuses", () => {
  const document = { ...whole, signingSecrets: [{ ...signingSecret, secret: "hunter2" }] };
  expect(() => parseControlSnapshot(document)).toThrow(/^(?!.*hunter2)/);
});

test.each([undefined, null, "true", 1])(
  "does not take %j for a key that is not revoked",
  (revoked) => {
    const document = { ...snapshot, keys: [{ ...key, revoked }] };
    expect(() => parseControlSnapshot(document)).toThrow("keys[0].revoked is not true or false");
  },
);
