import { render } from "svelte/server";
import { expect, test } from "vitest";
import { parseCallsQuery } from "#lib/calls-query.ts";
import { loadCalls } from "#lib/server/lake/load-calls.ts";
import { loadProjectSpend } from "#lib/server/lake/load-project-spend.ts";
import { comparedWindow, parseTimeRange } from "#lib/time-range.ts";
import CallsPage from "../../src/routes/projects/[projectId=projectId]/calls/+page.svelte";
import { callRow } from "../support/sample-lake.ts";
import { useSampleLake } from "../support/use-sample-lake.ts";

const NOW = Date.parse("2026-11-23T14:05:09Z");
const MINUTE = 60_000;
const PAGE_CALLS = 50;

const sample = useSampleLake();

async function pageHtml(search: string, keptFromMs?: number): Promise<string> {
  const url = new URL(`http://localhost/projects/default/calls${search}`);
  const { range, problem } = parseTimeRange(url.searchParams, NOW);
  const query = parseCallsQuery(url.searchParams);
  const before = query.compare && comparedWindow(range, NOW, query.compare);
  const question = { projectId: "default", window: range.window, query, before };
  const answer = await loadCalls(sample.reader, question);
  const project = { id: "default", name: "Default" };
  const data = { project, mayExport: true, range, problem, keptFromMs, query, before, answer };
  const { body } = render(CallsPage, {
    props: { data, params: { projectId: "default" } } as never,
    context: new Map([["__request__", { page: { params: {}, url }, navigating: {} }]]),
  });
  return body.replaceAll(/<!--.*?-->/gs, "");
}

const textOf = (html: string): string => html.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");

const usersOf = (html: string): string[] =>
  [...html.matchAll(/class="user[^"]*" title="(user-\d+\.)"/g)].map(([, user]) => user ?? "");

test("shows figures and calls of the filter alone, and how to take it away", async () => {
  await sample.lake.land([
    callRow(NOW - MINUTE, { user_id: "ann", team: "support" }),
    callRow(NOW - 2 * MINUTE, { user_id: "ann", team: "sales", cost_nano_usd: 500_000n }),
    callRow(NOW - 3 * MINUTE, { user_id: "bob", response_model: "not-hers" }),
  ]);
  const html = await pageHtml("?range=24h&user=ann&by=team");
  const text = textOf(html);
  expect(text).toContain("Spend $0.005 100 % priced");
  expect(text).toContain("Calls 2");
  expect(text).toMatch(/By team .*support \$0.0045 1 .*sales \$0.0005 1/);
  expect(text).not.toContain("not-hers");
  expect(html).toContain('href="?range=24h&amp;by=team"');
  expect(html).toContain(
    'href="/api/v1/projects/default/export/calls?format=csv&amp;from=2026-11-22T14%3A30%3A00.000Z&amp;to=2026-11-23T14%3A30%3A00.000Z&amp;user=ann"',
  );
  expect(html).toContain('href="?range=24h&amp;user=ann&amp;by=team&amp;team=support"');
});

test("breaks the cost down by two things at once, whose sums add up, and leads to the calls without a value", async () => {
  await sample.lake.land([
    callRow(NOW - MINUTE, { team: "support", feature: "chat", cost_nano_usd: 1_000_000_000n }),
    callRow(NOW - 2 * MINUTE, { team: "support", feature: "mail", cost_nano_usd: 250_000_000n }),
    callRow(NOW - 3 * MINUTE, { team: "support", feature: "mail", cost_nano_usd: null }),
    callRow(NOW - 4 * MINUTE, { feature: "chat", cost_nano_usd: 500_000_000n }),
    callRow(NOW - 5 * MINUTE, { feature: "idle", cost_nano_usd: null }),
  ]);
  const html = await pageHtml("?by=team&and=feature");
  const text = textOf(html);
  expect(text).toContain("By team and feature");
  expect(text).toContain(
    "Team chat mail idle Total support $1.00 $0.25 + – $1.25 + calls without a team $0.50 – unknown $0.50 + Total $1.50 $0.25 + unknown $1.75 +",
  );
  expect(html).toContain('href="?by=team&amp;and=feature&amp;team=support"');
  expect(html).toContain('href="?by=team&amp;and=feature&amp;without=team"');
  const without = await pageHtml("?by=team&without=team");
  expect(textOf(without)).toMatch(/calls without a team ×/);
  expect(without).toContain(
    'href="?by=team" data-sveltekit-reset="false" aria-label="Show calls of every team again"',
  );
  expect(textOf(without)).toContain("Calls 2");
});

const call = (atMs: number, feature: string, costNanoUsd: bigint | null) =>
  callRow(atMs, { feature, cost_nano_usd: costNanoUsd });

test("tells what made the cost change: more calls, or dearer ones, and what is gone or new", async () => {
  const DAY = 24 * 60 * MINUTE;
  await sample.lake.land([
    call(NOW - DAY - 60 * MINUTE, "chat", 1_000_000_000n),
    call(NOW - DAY - 61 * MINUTE, "gone", 500_000_000n),
    call(NOW - MINUTE, "chat", 1_500_000_000n),
    call(NOW - 2 * MINUTE, "chat", 1_500_000_000n),
    call(NOW - 3 * MINUTE, "new", 250_000_000n),
    call(NOW - 4 * MINUTE, "unpriced", null),
    call(NOW - 7 * DAY - MINUTE, "old", 4_000_000_000n),
  ]);
  const html = await pageHtml("?by=feature&compare=before");
  const text = textOf(html);
  expect(text).toContain("largest change first, against 21 Nov 14:30 to 22 Nov 14:05 UTC");
  expect(text).toContain("All calls $1.50 $3.25 +$1.75 +$0.75 +$1.00");
  expect(text).toMatch(
    /chat \$1\.00 \$3\.00 \+\$2\.00 \+\$1\.00 \+\$1\.00 +gone \$0\.50 – -\$0\.50 -\$0\.50 \$0\.00 +new – \$0\.25 \+\$0\.25/,
  );
  expect(text).toContain("unpriced – unknown unknown – –");
  expect(text).toContain("1 call of the two times have no known cost");
  expect(html).toContain('href="?by=feature&amp;compare=before&amp;feature=chat"');
  expect(textOf(await pageHtml("?by=feature&compare=week"))).toContain("old $4.00 – -$4.00");
  expect(textOf(await pageHtml("?by=feature"))).not.toContain("largest change");
});

test("shows every call once from page to page, and failed ones apart", async () => {
  const rows = Array.from({ length: PAGE_CALLS + 3 }, (_, index) =>
    callRow(NOW - index * MINUTE, {
      span_id: index.toString(16).padStart(16, "0"),
      user_id: `user-${index}.`,
      ...(index === 2 ? { status: "error", error_type: "timeout" } : {}),
    }),
  );
  await sample.lake.land(rows);
  const first = await pageHtml("");
  const older = /class="older[^"]*" href="\?cursor=([^"]+)"/.exec(first)?.[1] ?? "none";
  const second = await pageHtml(`?cursor=${older}`);
  expect(usersOf(first)).toHaveLength(PAGE_CALLS);
  expect([...usersOf(first), ...usersOf(second)]).toEqual(rows.map(({ user_id: user }) => user));
  expect(second).toContain("Older calls");
  expect(second).not.toContain('class="older');
  expect(usersOf(await pageHtml("?status=error"))).toEqual(["user-2."]);
});

test("says that nothing matches, and where to look", async () => {
  await sample.lake.land([callRow(NOW - MINUTE)]);
  const text = textOf(await pageHtml("?user=nobody"));
  expect(text).toContain("No such calls in this time range");
  expect(text).toContain("Take a value away above");
});

test("refuses a place in the list that no page gave out", async () => {
  await expect(pageHtml("?cursor=bm90aGluZw")).rejects.toMatchObject({ code: "query.invalid" });
});

test("adds up the last 30 days of every project, day by day", async () => {
  const DAY = 24 * 60 * MINUTE;
  await sample.lake.land([
    callRow(NOW - MINUTE),
    callRow(NOW - 2 * MINUTE, { response_model: "other", cost_nano_usd: 500_000n }),
    callRow(NOW - DAY),
    callRow(NOW - 40 * DAY),
    callRow(NOW - MINUTE, { project_id: "shop", cost_nano_usd: null }),
  ]);
  await sample.reader.lookForNews();
  const [own, shop, empty] = await loadProjectSpend(sample.reader, ["default", "shop", "new"], NOW);
  expect(own).toMatchObject({ calls: 3, unpricedCalls: 0, costNanoUsd: 9_500_000n });
  expect(own?.dailyUsd).toHaveLength(30);
  expect(own?.dailyUsd.slice(-3)).toEqual([0, 0.0045, 0.005]);
  expect(shop).toMatchObject({ calls: 1, unpricedCalls: 1, costNanoUsd: undefined });
  expect(empty).toMatchObject({ calls: 0, costNanoUsd: 0n });
});
