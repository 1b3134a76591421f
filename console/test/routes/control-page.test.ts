import type { ScopeImpact } from "@lensai/analytics/queries/scope-impact";
import type { Propagation, ReceiptsOverview } from "#lib/server/services/receipts/propagation.ts";
import { render } from "svelte/server";
import { expect, test } from "vitest";
import ControlPage from "../../src/routes/projects/[projectId=projectId]/control/+page.svelte";

const at = new Date("2026-11-23T14:05:09Z");
const active = {
  id: "kill_1",
  scope: { team: "support" },
  reason: "an <b>agent</b> loops",
  triggeredAt: at,
  triggeredBy: "ann",
};
const impact: ScopeImpact = {
  calls: 30,
  allCalls: 120,
  costNanoUsd: 4_500_000_000n,
  users: 2,
  services: 1,
};

const NO_RECEIPTS: ReceiptsOverview = {
  processes: { guards: 0, pollers: 0 },
  silentSinceUnixMs: null,
  announcements: [],
  stragglers: [],
};

const announced = (changes: Partial<Propagation>): Propagation => ({
  subjectId: "kill_1",
  kind: "trigger",
  announcedAtUnixMs: at.getTime(),
  announcedBy: "ann",
  known: 998,
  waiting: 2,
  lost: 1,
  p50Ms: 21,
  p99Ms: 43.2,
  lastMs: 61,
  ...changes,
});

function htmlOf(changes: object): string {
  const data = {
    project: { id: "shop", name: "Shop" },
    scope: {},
    isPreview: false,
    names: { ann: "ann@example.com" },
    active: [],
    refusing: [],
    released: [],
    values: { team: ["support", "sales"] },
    impact: undefined,
    mayChange: true,
    receipts: NO_RECEIPTS,
    ...changes,
  };
  return render(ControlPage, { props: { data, params: {}, form: null } as never }).body;
}

const textOf = (html: string): string =>
  html
    .replaceAll(/<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");

test("offers what the last hour's calls have", () => {
  const html = htmlOf({});
  expect(textOf(html)).toContain("Nothing is stopped");
  expect(html).toContain('<option value="sales"');
  expect(html).toContain('name="team"');
});

test("says whom a scope meets before it can be stopped", () => {
  const preview = { isPreview: true, scope: { team: "support", provider: "openai" }, impact };
  const html = htmlOf(preview);
  const text = textOf(html);
  expect(text).toContain("met 30 calls of 120 (25.0 %), of 2 named users in 1 service");
  expect(text).toContain("at a cost of $4.50");
  expect(html).toContain('action="/projects/shop/control?/trigger"');
  expect(html).toMatch(/type="hidden" name="team" value="support"/);
  const unpriced = textOf(htmlOf({ ...preview, impact: { ...impact, costNanoUsd: undefined } }));
  expect(unpriced).toContain("at an unknown cost");
});

test("offers no second switch for the same calls", () => {
  const preview = { isPreview: true, scope: { team: "support" }, impact, active: [active] };
  const html = htmlOf(preview);
  expect(textOf(html)).toContain("These calls are stopped already");
  expect(html).not.toContain("?/trigger");
});

test("shows what is stopped, why and by whom, as text", () => {
  const html = htmlOf({ active: [active] });
  const text = textOf(html);
  expect(html).toContain("an &lt;b>agent&lt;/b> loops");
  expect(text).toContain("by ann@example.com, 2026-11-23 14:05:09 UTC");
  expect(text).toContain("Release");
});

test("offers no change to those who may only look", () => {
  const html = htmlOf({ mayChange: false, active: [active], isPreview: true, impact });
  expect(html).not.toContain('method="post"');
  expect(textOf(html)).toContain("Your role does not stop calls");
});

test("tells what was released, for how long and why", () => {
  const released = {
    ...active,
    releasedAt: new Date(at.getTime() + 90_000),
    releasedBy: "bob",
    releaseReason: "fixed",
  };
  const text = textOf(htmlOf({ released: [released] }));
  expect(text).toContain("released by bob: fixed");
});

test("shows how far a switch has got, and to whom not", () => {
  const receipts: ReceiptsOverview = {
    processes: { guards: 1000, pollers: 3 },
    silentSinceUnixMs: null,
    announcements: [announced({})],
    stragglers: [
      { instanceId: "i-1", serviceName: "triage", isConnected: true, seenAtUnixMs: at.getTime() },
      { instanceId: "i-2", serviceName: "batch", isConnected: false, seenAtUnixMs: at.getTime() },
    ],
  };
  const text = textOf(htmlOf({ active: [active], receipts }));
  expect(text).toContain("Known by 998 of 1,000 processes");
  expect(text).toContain("half within 21 ms, 99 % within 43 ms, the last after 61 ms");
  expect(text).toContain("1 process was lost around then");
  expect(text).toMatch(/triage i-1 connected, has not acknowledged/);
  expect(text).toMatch(/batch i-2 not connected: ended or cut off/);
  expect(text).toMatch(/Programs that ask by themselves 3/);
});

test("shows the last drill, and offers one to those who may stop calls", () => {
  const drill = announced({ subjectId: "drill_1", kind: "drill", known: 40, waiting: 0, lost: 0 });
  const receipts: ReceiptsOverview = { ...NO_RECEIPTS, announcements: [drill] };
  const html = htmlOf({ receipts });
  expect(textOf(html)).toMatch(/Last drill by ann@example.com, .* Known by 40 of 40 processes/);
  expect(html).toContain('action="?/drill"');
  expect(htmlOf({ receipts, mayChange: false })).not.toContain("?/drill");
  expect(textOf(htmlOf({}))).toContain("No drill yet");
  const nobody = {
    ...NO_RECEIPTS,
    announcements: [announced({ known: 0, waiting: 0, p50Ms: null })],
  };
  expect(textOf(htmlOf({ active: [active], receipts: nobody }))).toContain(
    "No connected process was running",
  );
});

const reading = (value: string | undefined) => ({
  each: value === undefined ? undefined : { key: "user", value },
  limitNanoUsd: 5_000_000_000n,
  spentNanoUsd: 4_990_000_000n,
  period: { id: "p", startsAt: at, resetsAt: new Date("2026-12-01T00:00:00Z") },
  isExhausted: true,
});

test("says which budgets refuse calls, whose, and until when", () => {
  const budget = { id: "bud_1", name: "each <b>user</b>", scope: { team: "support" } };
  const values = Array.from({ length: 7 }, (_, index) => reading(`ada-${index}`));
  const text = textOf(htmlOf({ refusing: [{ budget, readings: values }] }));
  expect(text).toContain("No kill-switch is on.");
  expect(text).toContain("each &lt;b>user&lt;/b>");
  expect(text).toMatch(/for user ada-0, ada-1, ada-2, ada-3, ada-4 and 2 more;/);
  expect(text).toContain("$4.99 of $5.00 spent by the first, until 2026-12-01 00:00 UTC");
  const together = textOf(htmlOf({ refusing: [{ budget, readings: [reading(undefined)] }] }));
  expect(together).toContain("$4.99 of $5.00 spent, until 2026-12-01 00:00 UTC");
});

test("says that a switch reaches nobody while no collector is heard", () => {
  expect(htmlOf({})).not.toContain("No collector has been heard");
  const receipts = { ...NO_RECEIPTS, silentSinceUnixMs: at.getTime() };
  expect(htmlOf({ receipts })).toContain(
    "No collector has been heard since 2026-11-23 14:05:09 UTC.",
  );
});
