import type { ScopeImpact } from "@lensai/analytics/queries/scope-impact";
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

function htmlOf(changes: object): string {
  const data = {
    project: { id: "shop", name: "Shop" },
    scope: {},
    isPreview: false,
    active: [],
    released: [],
    values: { team: ["support", "sales"] },
    impact: undefined,
    mayChange: true,
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
  expect(text).toContain("by ann, 2026-11-23 14:05:09.000 UTC");
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
