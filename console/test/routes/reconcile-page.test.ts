import { render } from "svelte/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCAL_OWNER } from "#lib/server/access/principal.ts";
import * as page from "../../src/routes/projects/[projectId=projectId]/reconcile/+page.server.ts";
import ReconcilePage from "../../src/routes/projects/[projectId=projectId]/reconcile/+page.svelte";
import { createKey, createTenant, startApi, type ApiUnderTest } from "../support/api-client.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { callRow } from "../support/sample-lake.ts";

const DAY = "2026-11-20";
const STARTED = Date.parse(`${DAY}T12:00:00Z`);
/** What the sample's call costs. */
const COST_USD = "0.0045";

let api: ApiUnderTest;

beforeAll(async () => {
  api = await startApi();
  await createTenant(api.console, "shop");
  await createTenant(api.console, "foreign");
  const sister = { id: "shop-two", name: "Shop, too", organizationId: "shop" };
  await ensureProject(api.console.services, sister);
  await api.land(
    ["shop", "shop-two", "foreign"].map((project_id) => callRow(STARTED, { project_id })),
  );
});
afterAll(() => api.stop());

const csvOf = (costUsd: string, day = DAY): string =>
  `day,provider,model,cost_usd,requests\n${day},openai,gpt-4o,${costUsd},1\n`;

type Fields = Readonly<Record<string, string>>;

/** Sends the form; an action answers data, or a refusal with data. */
async function compare(texts: readonly string[], fields: Fields = {}): Promise<never> {
  const form = new FormData();
  for (const [index, text] of texts.entries())
    form.append("files", new File([text], `${index}.csv`));
  const filled = { tolerancePercent: "1", of: "project", from: "", to: "", ...fields };
  for (const [name, value] of Object.entries(filled)) form.set(name, value);
  const run = page.actions["default"] as unknown as (event: never) => Promise<never>;
  return run({
    params: { projectId: "shop" },
    request: new Request("http://localhost/", { method: "POST", body: form }),
    locals: { console: api.console, requestId: "test", principal: LOCAL_OWNER },
  } as never);
}

async function textOf(form: unknown): Promise<string> {
  const data = { project: { id: "shop", name: "Shop" } };
  const { body } = render(ReconcilePage, { props: { data, form, params: {} } as never });
  return body
    .replaceAll(/<!--.*?-->/gs, "")
    .replaceAll(/<[^>]+>/g, " ")
    .replaceAll(/\s+/g, " ");
}

test("a bill that is what the calls say is matched", async () => {
  const text = await textOf(await compare([csvOf(COST_USD)]));
  expect(text).toContain("Everything that the files tell of is matched.");
  expect(text).toContain("2026-11-20 to 2026-11-21 (not included), UTC");
  expect(text).toMatch(/openai 100 % of its dollars are matched 1 \$0.0045 \$0.0045 1/);
  expect(text).toContain("What matches 1 line");
  expect(text).not.toContain("What does not match");
});

test("a bill that is another says by how much, and what the figures point to", async () => {
  const text = await textOf(await compare([csvOf("0.009")]));
  expect(text).not.toContain("Everything that the files tell of");
  expect(text).toMatch(/What does not match 1 line .* \$0.009 \$0.0045 -\$0.0045 differs/);
  expect(text).toContain("the files do not tell: give the usage report, too");
});

test("an account is charged for all projects together, and for none of another organisation", async () => {
  const text = await textOf(await compare([csvOf("0.009")], { of: "organization" }));
  expect(text).toContain("Everything that the files tell of is matched.");
  expect(text).toMatch(/\$0.009 \$0.009 2/);
});

test("a tolerance is that of whoever asks", async () => {
  const off = csvOf("0.0046");
  expect(await textOf(await compare([off]))).toContain("What does not match");
  expect(await textOf(await compare([off], { tolerancePercent: "5" }))).toContain("What matches");
});

test.each<[readonly string[], Fields, string]>([
  [[], {}, "files: give at least one file"],
  [[csvOf("1"), csvOf("1")], {}, "1.csv and 0.csv are the same: give it once"],
  [["{}"], {}, "files: 0.csv"],
  [[csvOf("1")], { from: "2026-10-01", to: "2026-10-02" }, "they tell nothing of the days"],
  [[csvOf("1", "2026-01-01") + csvOf("1").split("\n")[1]], {}, "at most 92 days"],
  [[csvOf("1")], { tolerancePercent: "much" }, "tolerancePercent: "],
  [[csvOf("1")], { from: "soon" }, "from: is not a day such as"],
  [["x".repeat(500_001)], {}, "larger than 500 kB"],
])("what cannot be compared is refused with the reason (%#)", async (texts, fields, problem) => {
  const answer: { status: number; data: { problem: string } } = await compare(texts, fields);
  expect(answer.status).toBeGreaterThanOrEqual(400);
  expect(answer.data.problem).toContain(problem);
  expect(await textOf(answer.data)).toContain("Compare");
});

test("programs are answered the same, and a key is of one project", async () => {
  const body = { files: [{ name: "bill.csv", text: csvOf("0.009") }], of: "organization" };
  const path = "/projects/shop/reconciliations";
  expect((await api.ask("POST", path, { body })).json).toMatchObject({
    isAllMatched: true,
    providers: [{ provider: "openai", matchedPerMille: "1000", matched: { rows: 1, ourCalls: 2 } }],
    rows: [{ day: DAY, item: null, class: "matched", theirs: { inputTokens: null } }],
  });
  const key = await createKey(api.console, "shop", ["read"]);
  expect((await api.ask("POST", path, { body, key })).json).toMatchObject({
    isAllMatched: false,
    rows: [{ ours: { calls: 1, costNanoUsd: "4500000" }, causes: [expect.any(String)] }],
  });
  const long = { files: [{ name: "bill.csv", text: "x".repeat(499_000) }] };
  expect((await api.ask("POST", path, { body: long })).status).toBe(400);
  const longer = { files: [{ name: "bill.csv", text: "x".repeat(500_000) }] };
  expect((await api.ask("POST", path, { body: longer })).status).toBe(413);
});
