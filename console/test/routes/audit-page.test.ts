import { render } from "svelte/server";
import { expect, test } from "vitest";
import { auditChanges } from "#lib/audit.ts";
import AuditPage from "../../src/routes/projects/[projectId=projectId]/audit/+page.svelte";

const entry = {
  sequence: 41,
  at: new Date("2026-11-23T14:05:09Z"),
  actor: "ann",
  action: "kill_switch.trigger",
  subjectId: "kill_1",
  projectId: "shop",
  before: null,
  after: { scope: { team: "<b>support</b>" }, reason: "a loop" },
  hash: "ab".repeat(32),
};

function textOf(changes: object): { html: string; text: string } {
  const log = {
    filters: { actor: undefined, action: undefined },
    names: { ann: "ann@example.com" },
    facets: { actors: ["ann", "bob"], nouns: ["kill_switch"] },
    entries: [entry],
    isFirstPage: true,
    olderThan: undefined,
    publicKey: "ed25519:key",
    lakeSeal: undefined,
    rightsProblem: undefined,
    ...changes,
  };
  const data = { project: { id: "shop", name: "Shop" }, log };
  const html = render(AuditPage, { props: { data, params: {}, form: null } as never }).body;
  const text = html
    .replaceAll(/<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
  return { html, text };
}

test("tells who changed what, from what to what, and leads to it", () => {
  const { html, text } = textOf({});
  expect(text).toContain("kill switch: trigger kill_1");
  expect(text).toContain("by ann@example.com, 2026-11-23 14:05:09 UTC · entry 41");
  expect(html).toContain('href="/projects/shop/control"');
  expect(html).toContain("&lt;b>support&lt;/b>");
  expect(text).toContain("--key ed25519:key");
});

test("leads to older entries with the filters that are set", () => {
  const { html } = textOf({ olderThan: 41, filters: { actor: "ann", action: undefined } });
  expect(html).toContain('href="/projects/shop/audit?actor=ann&amp;before=41"');
  expect(html).toMatch(/<option value="ann" selected/);
});

test("says what keeps the log as it is, and what does not", () => {
  expect(textOf({}).text).toContain("may add and read them, not change or delete any");
  const { text } = textOf({ rightsProblem: "the user may not create roles" });
  expect(text).toContain(
    "does not keep this console from changing them: the user may not create roles.",
  );
});

test("gives a line to keep, by which the lake can be checked later, or says what keeps it from that", () => {
  expect(textOf({}).text).not.toContain("sealed");
  const lakeSeal = { kept: "12:abc", sealedAtMs: Date.parse("2026-11-23T14:05:09Z") };
  const { text } = textOf({ lakeSeal });
  expect(text).toContain("sealed with the same key, last at 2026-11-23 14:05:09");
  expect(text).toContain("lensai verify lake --key ed25519:key --since 12:abc");
  expect(textOf({ lakeSeal: { problem: "seal 3 is signed by me" } }).text).toContain(
    "The newest seal of the lake cannot be used: seal 3 is signed by me.",
  );
});

test("says so when there is nothing", () => {
  expect(textOf({ entries: [] }).text).toContain("Nothing has been changed here yet");
  const filters = { actor: "ann", action: undefined };
  expect(textOf({ entries: [], filters }).text).toContain("No change fits this");
});

test("changes are the values that differ, by path", () => {
  expect(
    auditChanges(
      { limit: "5", scope: { team: "a", user: "u" } },
      { limit: "5", scope: { team: "b" }, on: true },
    ),
  ).toEqual([
    { path: "scope.team", before: "a", after: "b" },
    { path: "scope.user", before: "u", after: undefined },
    { path: "on", before: undefined, after: "true" },
  ]);
  expect(auditChanges(null, [1, 2])).toEqual([{ path: "", before: undefined, after: "[1,2]" }]);
  expect(auditChanges(undefined, null)).toEqual([]);
});
