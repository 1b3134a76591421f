import { render } from "svelte/server";
import type { Component } from "svelte";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCAL_OWNER, type Principal } from "#lib/server/access/principal.ts";
import { createConsole, type Console } from "#lib/server/console.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { listBudgets, type ListedBudget } from "#lib/server/services/budgets/list.ts";
import ListPage from "../../src/routes/projects/[projectId=projectId]/budgets/+page.svelte";
import * as list from "../../src/routes/projects/[projectId=projectId]/budgets/+page.server.ts";
import BudgetPage from "../../src/routes/projects/[projectId=projectId]/budgets/[budgetId=budgetId]/+page.svelte";
import * as budgetPage from "../../src/routes/projects/[projectId=projectId]/budgets/[budgetId=budgetId]/+page.server.ts";
import EditPage from "../../src/routes/projects/[projectId=projectId]/budgets/[budgetId=budgetId]/edit/+page.svelte";
import * as edit from "../../src/routes/projects/[projectId=projectId]/budgets/[budgetId=budgetId]/edit/+page.server.ts";
import NewPage from "../../src/routes/projects/[projectId=projectId]/budgets/new/+page.svelte";
import * as newPage from "../../src/routes/projects/[projectId=projectId]/budgets/new/+page.server.ts";
import { consoleSettings } from "../support/console-settings.ts";
import { createMigratedDatabase } from "../support/database.ts";
import { callRow, createSampleLake, type SampleLake } from "../support/sample-lake.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const USD = 1_000_000_000n;

let lake: SampleLake;
let running: Console;

beforeAll(async () => {
  lake = await createSampleLake();
  // Three weeks of a dollar a day of ann's, and two hours of it of bob's.
  const now = Date.now();
  const days = Array.from({ length: 21 }, (_, day) => now - day * DAY_MS - HOUR_MS);
  await lake.land([
    ...days.map((startMs) => callRow(startMs, { user_id: "ann", cost_nano_usd: USD })),
    callRow(now - 2 * DAY_MS, { user_id: "bob", team: "sales", cost_nano_usd: USD / 2n }),
  ]);
  const databaseUrl = await createMigratedDatabase();
  running = createConsole(consoleSettings(lake.settings, { databaseUrl }));
  running.start();
  await running.databaseReady(30_000);
  await ensureProject(running.services, { id: "empty", name: "Empty" });
});
afterAll(async () => {
  await running.stop();
  await lake.remove();
});

interface Ask {
  readonly projectId?: string;
  readonly budgetId?: string;
  readonly query?: Record<string, string>;
  readonly body?: Record<string, string>;
  readonly principal?: Principal;
}

function eventOf({ projectId = "default", budgetId = "", query, body, principal }: Ask): never {
  const url = new URL(`http://localhost/?${new URLSearchParams(query)}`);
  const request = new Request(url, {
    method: "POST",
    body: new URLSearchParams(body),
  });
  const locals = { console: running, requestId: "test", principal: principal ?? LOCAL_OWNER };
  const params = { projectId, budgetId };
  return { url, params, locals, request, depends: () => undefined, parent: () => ({}) } as never;
}

interface Page {
  readonly html: string;
  readonly text: string;
}

async function show(
  page: { readonly load: unknown; readonly component: unknown },
  ask: Ask = {},
  form: unknown = null,
): Promise<Page> {
  const data = await (page.load as (event: never) => Promise<object>)(eventOf(ask));
  const props = { data, form, params: {} } as never;
  const html = render(page.component as Component, { props }).body;
  const text = html
    .replaceAll(/<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
  return { html, text };
}

const pages = {
  list: { load: list.load, component: ListPage },
  new: { load: newPage.load, component: NewPage },
  budget: { load: budgetPage.load, component: BudgetPage },
  edit: { load: edit.load, component: EditPage },
};

/** The answer of a form action: where it leads, or what it says. */
async function send(action: unknown, ask: Ask): Promise<{ location?: string; data?: never }> {
  try {
    return await (action as (event: never) => Promise<{ data: never }>)(eventOf(ask));
  } catch (thrown) {
    const { status, location } = thrown as { status?: number; location?: string };
    if (status === 303 && location !== undefined) return { location };
    throw thrown;
  }
}

const fields = {
  name: "all",
  limitUsd: "0.75",
  kind: "day",
  timeZone: "UTC",
  thresholds: "50, 90, 100",
  mode: "observe",
  failMode: "closed",
  unknownPrice: "block",
};

async function makeBudget(change: Record<string, string>): Promise<ListedBudget> {
  const body = { ...fields, ...change };
  const { location = "" } = await send(newPage.actions["default"], { body });
  const budgets = await listBudgets(running.services.db, { projectId: "default", at: new Date() });
  const made = budgets.find(({ id }) => location.endsWith(id));
  if (made === undefined) throw new Error("the budget was not made");
  return made;
}

test("without budgets it proposes what would have fitted", async () => {
  const { html, text } = await show(pages.list);
  expect(text).toContain("All calls, per month $27.00 a quarter more");
  expect(text).toContain("Each user, per month $32.00");
  expect(html).toContain("/projects/default/budgets/new?name=each+user%2C+monthly");
  const empty = await show(pages.list, { projectId: "empty" });
  expect(empty.text).toContain("Nothing was spent in the last 30 days");
});

test("tries what stands in the form on stored calls, without JavaScript", async () => {
  const before = await show(pages.new);
  expect(before.text).toContain("Fill in an amount");
  expect(before.html).toMatch(/name="alertsOnForecast"[^>]*checked/);
  const query = { ...fields, preview: "1" };
  const tried = await show(pages.new, { query });
  expect(tried.text).toContain("In the last 30 days 22 calls of $21.50");
  expect(tried.text).toContain("stopped 21 of them (95.5 %), worth $21.00 , in 21 of 21 periods");
  expect(tried.text).toContain("50 % 21× 90 % 21× 100 % 21×");
  // A box that is not ticked is not sent.
  expect(tried.html).not.toMatch(/name="alertsOnForecast"[^>]*checked/);
  const wrong = await show(pages.new, { query: { ...query, timeZone: "Mars" } });
  expect(wrong.text).toContain('"Mars" is not an IANA time zone');
});

test("a form that is wrong keeps what was filled in and says what is wrong where", async () => {
  const body = { ...fields, limitUsd: "-1", team: "sales" };
  const { data } = await send(newPage.actions["default"], { body });
  const { html, text } = await show(pages.new, {}, data);
  expect(text).toContain("is an amount of dollars above zero");
  expect(html).toMatch(/name="limitUsd"[^>]*value="-1"/);
  expect(html).toMatch(/name="team"[^>]*value="sales"/);
});

test("lists what is spent, left and expected", async () => {
  await makeBudget({ name: "monthly", kind: "month", limitUsd: "100", mode: "enforce" });
  await makeBudget({ name: "for each", each: "user", kind: "rolling", windowHours: "60" });
  await makeBudget({ name: "over", kind: "total", endsAt: "2020-01-01T00:00" });
  const { text } = await show(pages.list);
  expect(text).toContain("3 budgets 1 enforced");
  expect(text).toMatch(/monthly Every call of the project per month, UTC \$[\d.]+ of \$100\.00/);
  expect(text).toMatch(/forecast \$[\d.]+ \(\$[\d.]+ to \$[\d.]+\)/);
  expect(text).toContain("each user, in any 60 hours $3.00 of $0.75");
  expect(text).toContain("ann, the dearest of 2 users; 1 used up");
  expect(text).toContain("Limits nothing now");
});

test("one click enforces what was tried, and the page tells what it did and how far it can go", async () => {
  const { id: budgetId, version } = await makeBudget({ name: "click", limitUsd: "0.75" });
  const observed = await show(pages.budget, { budgetId });
  expect(observed.text).toContain("If it were enforced");
  expect(observed.text).toContain("This budget stops nothing");
  expect(observed.text).toContain("no period has passed that was enforced");
  expect(observed.html).toContain('value="enforce"');
  const body = { version: String(version), mode: "enforce" };
  expect(await send(budgetPage.actions["mode"], { budgetId, body })).toEqual({
    location: `/projects/default/budgets/${budgetId}`,
  });
  const enforced = await show(pages.budget, { budgetId });
  expect(enforced.text).toContain("the owner of this machine changed it");
  expect(enforced.text).toContain("mode: observe → enforce");
  expect(enforced.text).not.toContain("If it were enforced");
  // Days begin at midnight: in the first hour after it, the call of an hour ago is of the day before.
  expect(enforced.text).toMatch(/none of the [78] calls of the last 7 days had a guard/);
});

test("tells which calls it has stopped: why, whose and of which models", async () => {
  const { id: budgetId } = await makeBudget({ name: "stops", mode: "enforce" });
  expect((await show(pages.budget, { budgetId })).text).toContain("It has stopped no call.");
  const stopped = (cause: string, more: object) =>
    callRow(Date.now() - HOUR_MS, {
      billed: false,
      bill_rule: "failed",
      budget_decision: "refused",
      user_id: "ann",
      attributes: JSON.stringify({
        "lensai.budget.id": budgetId,
        "lensai.budget.refusal_cause": cause,
      }),
      ...more,
    });
  await lake.land([
    stopped("ledger_silent", { span_id: "00000000000000a1" }),
    stopped("spent", { span_id: "00000000000000a2", user_id: null }),
    stopped("spent", { span_id: "00000000000000a3", budget_decision: "cut_off" }),
  ]);
  await running.lake.lookForNews();
  const { text } = await show(pages.budget, { budgetId });
  expect(text).toContain("3 calls since");
  expect(text).toContain("of which 1 was a stream that was cut off");
  expect(text).toMatch(/Why too little was left 2 calls last .+ the ledger did not answer 1 call/);
  expect(text).toMatch(/Whose calls ann 2 calls last .+ no user 1 call/);
});

test("a raise needs a reason and an amount above the limit, and can be ended", async () => {
  const { id: budgetId } = await makeBudget({ name: "raised" });
  const body = { limitUsd: "2", hours: "4", reason: "launch day" };
  const low = await send(budgetPage.actions["raise"], {
    budgetId,
    body: { ...body, limitUsd: "0.5" },
  });
  expect(low.data).toMatchObject({ problem: expect.stringContaining("only raises") as string });
  const silent = await send(budgetPage.actions["raise"], {
    budgetId,
    body: { ...body, reason: "" },
  });
  expect(silent.data).toMatchObject({ problem: expect.stringContaining("say why") as string });
  await send(budgetPage.actions["raise"], { budgetId, body });
  const { text, html } = await show(pages.budget, { budgetId });
  expect(text).toContain("of $2.00");
  expect(text).toContain("launch day – the owner of this machine");
  const overrideId = /value="(ovr_[^"]+)"/.exec(html)?.[1] ?? "";
  await send(budgetPage.actions["endOverride"], { budgetId, body: { overrideId } });
  expect((await show(pages.budget, { budgetId })).text).toContain(
    "ended by the owner of this machine",
  );
});

test("who saves what somebody else changed meanwhile is told, and loses nothing", async () => {
  const { id: budgetId, version } = await makeBudget({ name: "shared" });
  const body = { ...fields, name: "shared", limitUsd: "9", version: String(version) };
  await send(edit.actions["default"], { budgetId, body });
  const late = { ...body, limitUsd: "4" };
  const { data } = await send(edit.actions["default"], { budgetId, body: late });
  const { html, text } = await show(pages.edit, { budgetId }, data);
  expect(text).toContain("local changed this budget while you did (amount: $0.75 → $9.00)");
  expect(html).toMatch(/name="limitUsd"[^>]*value="4"/);
  expect(html).toContain(`name="version" value="${version + 1}"`);
  await send(edit.actions["default"], {
    budgetId,
    body: { ...late, version: String(version + 1) },
  });
  expect((await show(pages.budget, { budgetId })).text).toContain("of $4.00");
  const gone = { budgetId, body: { version: String(version + 2) } };
  expect(await send(budgetPage.actions["delete"], gone)).toEqual({
    location: "/projects/default/budgets",
  });
  await expect(show(pages.budget, { budgetId })).rejects.toMatchObject({ status: 404 });
});

test("only who manages budgets is offered changes, and may make them", async () => {
  const { id: budgetId } = await makeBudget({ name: "guarded" });
  const principal: Principal = {
    kind: "api_key",
    keyId: "key_1",
    projectId: "default",
    scopes: ["read"],
    actor: "key:key_1",
  };
  const { html } = await show(pages.budget, { budgetId, principal });
  expect(html).not.toContain("<form");
  for (const action of [...Object.values(budgetPage.actions), edit.actions["default"]])
    await expect(send(action, { budgetId, principal })).rejects.toMatchObject({ status: 403 });
  await expect(send(newPage.actions["default"], { principal })).rejects.toMatchObject({
    status: 403,
  });
});
