import { render } from "svelte/server";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LOCAL_OWNER, type Principal } from "#lib/server/access/principal.ts";
import { createConsole, type Console } from "#lib/server/console.ts";
import { listRecordedPrices } from "#lib/server/services/prices/list.ts";
import * as page from "../../src/routes/projects/[projectId=projectId]/prices/+page.server.ts";
import PricesPage from "../../src/routes/projects/[projectId=projectId]/prices/+page.svelte";
import { consoleSettings } from "../support/console-settings.ts";
import { createMember, createTenant } from "../support/api-client.ts";
import { createMigratedDatabase } from "../support/database.ts";
import { callRow, createSampleLake, type SampleLake } from "../support/sample-lake.ts";

let lake: SampleLake;
let running: Console;

beforeAll(async () => {
  lake = await createSampleLake();
  const databaseUrl = await createMigratedDatabase();
  running = createConsole(consoleSettings(lake.settings, { databaseUrl }));
  running.start();
  await running.databaseReady(30_000);
  await createTenant(running, "shop");
  const own = { project_id: "shop", provider: "vllm", cost_nano_usd: null };
  await lake.land([
    callRow(Date.now() - 60_000, { project_id: "shop" }),
    callRow(Date.now() - 50_000, { ...own, response_model: "own-1", request_model: "own-1" }),
  ]);
  // A look a moment before would count for half a second.
  await running.lake.lookForNews();
});
afterAll(async () => {
  await running.stop();
  await lake.remove();
});

type Fields = Readonly<Record<string, string>>;

function eventOf(query: string, fields: Fields = {}, principal: Principal = LOCAL_OWNER): never {
  return {
    params: { projectId: "shop" },
    url: new URL(`http://localhost/projects/shop/prices${query}`),
    request: new Request("http://localhost/", {
      method: "POST",
      body: new URLSearchParams(fields),
    }),
    locals: { console: running, requestId: "test", principal },
    depends: () => undefined,
    parent: async () => ({}),
  } as never;
}

/** What an action answers: data of its own, a refusal with data, or where it leads. */
async function submit(action: keyof typeof page.actions, fields: Fields): Promise<unknown> {
  const run = page.actions[action] as unknown as (event: never) => Promise<unknown>;
  return run(eventOf("", fields)).catch((redirect: unknown) => redirect);
}

async function html(query = "", form: unknown = null, principal?: Principal): Promise<string> {
  const data = (await page.load(eventOf(query, {}, principal))) as object;
  return render(PricesPage, { props: { data, form, params: {} } as never }).body.replaceAll(
    /<!--.*?-->/gs,
    "",
  );
}

async function text(query = "", form: unknown = null, principal?: Principal): Promise<string> {
  const body = await html(query, form, principal);
  return body.replaceAll(/<[^>]+>/g, " ").replaceAll(/\s+/g, " ");
}

test("shows what the models in use cost, and which of them have no price", async () => {
  const shown = await text();
  expect(shown).toMatch(/gpt-4o\S* openai published \$2.50 \$1.25 \$10.00 1 \$/);
  expect(shown).toMatch(/own-1 vllm unknown – – – 1 unknown/);
  expect(await html()).toContain('href="?provider=vllm&amp;model=own-1&amp;serviceTier=standard"');
});

test("looks a model up, and says what is missing", async () => {
  expect(await text("?provider=openai&model=gpt-5")).toMatch(
    /Input \$1.25 a million tokens Output \$10.00 .* The published price/,
  );
  expect(await text("?provider=nobody&model=x")).toContain("does not know the provider");
  const scale = "?provider=openai&model=gpt-5&serviceTier=scale";
  expect(await text(scale)).toContain("no price for it in this service tier");
});

test("a price that is set holds at once, says who said so, and can be withdrawn", async () => {
  const subject = { provider: "vLLM", match: "exact", model: "own-1" };
  const set = { ...subject, input_mtok: "0.2", output_mtok: "0.4", source: "own cluster" };
  expect(await submit("set", set)).toMatchObject({
    status: 303,
    location: "/projects/shop/prices?provider=vllm&model=own-1&serviceTier=standard",
  });
  const shown = await text("?provider=vllm&model=own-1");
  expect(shown).toMatch(/Input \$0.20 .* Set for this project: own cluster/);
  expect(shown).toMatch(/own-1 vllm your own \$0.20 – \$0.40/);
  expect(shown).toMatch(/own-1 vllm holds Input \$0.20 · Output \$0.40 own cluster/);
  await submit("set", { ...subject, withdrawn: "true", source: "moved" });
  const after = await text("?provider=vllm&model=own-1");
  expect(after).toContain("Unknown.");
  expect(after).toMatch(/withdrawn Input \$0.20/);
});

test("a form that is refused says why, and keeps what was filled in", async () => {
  const fields = { provider: "vllm", match: "exact", model: "x", input_mtok: "cheap", source: "y" };
  const refused = (await submit("set", fields)) as { status: number; data: object };
  expect(refused).toMatchObject({
    status: 400,
    data: { problem: expect.stringContaining('prices.input_mtok: "cheap"') },
  });
  const shown = await html("", refused.data);
  expect(shown).toMatch(/name="input_mtok" value="cheap"/);
  expect(shown).toContain("is not an amount of US dollars");
});

test("many are imported at once, or none, and again without a second copy", async () => {
  const entry = { provider: "vllm", model: "big", multiplier: "1.5", source: "a list" };
  const before = (await listRecordedPrices(running.services.db, "shop")).length;
  const importAll = (document: unknown) => submit("import", { document: JSON.stringify(document) });
  expect(await importAll([entry, { ...entry, model: "" }])).toMatchObject({ status: 400 });
  expect(await submit("import", { document: "prices" })).toMatchObject({ status: 400 });
  expect(await listRecordedPrices(running.services.db, "shop")).toHaveLength(before);
  expect(await importAll([entry, { ...entry, model: "small" }])).toMatchObject({
    done: "2 recorded. They hold for calls from now on.",
  });
  expect(await importAll({ formatVersion: 1, entries: [entry] })).toMatchObject({
    done: expect.stringContaining("0 recorded, 1 said nothing new"),
  });
});

test("whoever may not set prices sees them, and no form", async () => {
  const viewer = await createMember(running, "shop", "viewer");
  const shown = await html("", null, viewer);
  expect(shown).toContain("Models of the last 30 days");
  expect(shown).not.toContain('action="?/');
});
