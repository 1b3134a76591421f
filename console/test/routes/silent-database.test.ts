import { afterAll, beforeAll, expect, test } from "vitest";
import { createSessions } from "#lib/server/auth/sessions.ts";
import { openDatabase } from "#lib/server/db/client.ts";
import { openBrowser, type Browser } from "../support/browser.ts";
import {
  START_TIMEOUT_MS,
  startConsoleServer,
  type ConsoleServer,
} from "../support/console-server.ts";
import { createEmptyDatabase } from "../support/database.ts";
import { startHangingProxy, type HangingProxy } from "../support/hanging-proxy.ts";

const TOKEN = "a-token-of-the-test-that-has-enough-letters";
const SECRET = "a secret of the test that has enough letters";

let proxy: HangingProxy;
let server: ConsoleServer;

beforeAll(async () => {
  proxy = await startHangingProxy(await createEmptyDatabase());
  server = await startConsoleServer({
    DATABASE_URL: proxy.url,
    HOST: "127.0.0.1",
    LENSAI_CONTROL_TOKEN: TOKEN,
    LENSAI_AUTH_SECRET: SECRET,
  });
}, START_TIMEOUT_MS);
afterAll(async () => {
  await server.stop();
  await proxy.close();
});

async function signedInBrowser(): Promise<Browser> {
  const database = openDatabase(proxy.url);
  const sessions = createSessions({
    db: database.db,
    secret: SECRET,
    publicOrigin: "http://localhost:3000",
    maySignUp: () => Promise.resolve(true),
  });
  const begun = await sessions.redeemToken(
    await sessions.issueToken("ann@example.com"),
    new Headers(),
  );
  await database.close();
  const browser = openBrowser(server.url);
  for (const { name, value } of begun?.cookies ?? [])
    browser.setCookie(name, encodeURIComponent(value));
  return browser;
}

test("while the database says nothing, every page and call ends with what is wrong, and works again by itself", async () => {
  const local = openBrowser(server.url);
  const member = await signedInBrowser();
  const page = "/projects/default/budgets";
  expect((await local.get(page)).status).toBe(200);
  expect((await member.get("/docs/quick-start")).status).toBe(200);
  proxy.hang();
  // More than there are connections to the database.
  const pages = Array.from({ length: 8 }, () => local.get(page));
  pages.push(member.get(page), member.get("/"));
  const json = { accept: "application/json" };
  const calls = [
    local.get("/api/v1/projects", { ...json, authorization: "Bearer lens_unknown" }),
    member.get("/api/v1/projects", json),
    member.get(`${page}/none`, json),
  ];
  const told = [local.get("/internal/control", { authorization: `Bearer ${TOKEN}` })];
  // What to do about it can be read, also by those whose session nobody can look up.
  for (const reader of [local, member]) {
    const response = await reader.get("/docs/errors");
    expect(response.status).toBe(200);
    expect(await response.text()).not.toContain('href="/sign-in"');
  }
  for (const response of await Promise.all(pages)) {
    expect(response.status).toBe(503);
    const text = await response.text();
    expect(text).toContain("The control database does not answer");
    expect(text).toContain("/readyz");
  }
  for (const response of await Promise.all(calls)) {
    expect(response.status).toBe(503);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(await response.json()).toMatchObject({ code: "api.unavailable" });
  }
  for (const response of await Promise.all(told)) expect(response.status).toBe(503);
  expect((await local.get("/docs/errors")).status).toBe(200);
  expect((await local.get("/healthz")).status).toBe(200);
  expect(await (await local.get("/readyz")).json()).toMatchObject({ status: "not ready" });
  proxy.forward();
  await expect.poll(async () => (await local.get(page)).status).toBe(200);
  expect((await member.get("/")).status).toBe(200);
});

test("while the database says nothing, nothing is changed, whoever asks, and the same works when it is back", async () => {
  const browser = openBrowser(server.url);
  const stops = `${API}/kill-switches`;
  const read = async (path: string): Promise<Record<string, unknown>> =>
    (await (await browser.get(path)).json()) as Record<string, unknown>;
  const made = await ask(`${API}/budgets`, {
    name: "Support",
    scope: {},
    limitNanoUsd: "5000000000",
    period: { kind: "total" },
    mode: "enforce",
  });
  const { id: budgetId } = (await made.json()) as { id: string };
  const figures = `${API}/budgets/${budgetId}/figures`;
  const wish = leaseWish(budgetId, String((await read(figures))["startsAt"]));
  expect((await browser.get("/projects/default/calls")).status).toBe(200);

  proxy.hang();
  const slack = browser.post("/slack/interactions", PRESS);
  const others = [
    browser.get("/projects/default/calls"),
    browser.get("/projects/default/sources"),
    ask(stops, STOP),
    ask("/internal/kill-switches", { projectId: "default", ...STOP }),
    ask("/internal/leases", wish),
    browser.post("/sign-in", { email: "ann@example.com" }),
    browser.post("/sign-in/confirm", { token: "a-token" }),
  ];
  // Slack waits for three seconds; whoever asks PostgreSQL hears after five, at the soonest, that it is gone.
  expect((await Promise.race([slack, ...others])).url).toContain("/slack/interactions");
  expect((await slack).status).toBe(503);
  for (const { status, url } of await Promise.all(others))
    expect([url, status]).toEqual([url, 503]);

  proxy.forward();
  await expect.poll(async () => (await browser.get("/projects/default/calls")).status).toBe(200);
  expect(await read(stops)).toMatchObject({ items: [] });
  expect(await read(figures)).toMatchObject({ heldNanoUsd: "0", liveLeases: 0 });
  expect((await browser.post("/slack/interactions", PRESS)).status).toBe(401);
  expect((await ask("/internal/leases", wish)).status).toBe(200);
  expect(await read(figures)).toMatchObject({ heldNanoUsd: "500", liveLeases: 1 });
  expect((await browser.post("/sign-in", { email: "ann@example.com" })).status).toBe(200);
  expect((await ask(stops, STOP)).status).toBe(201);
  expect((await read(stops))["items"]).toHaveLength(1);
});

const API = "/api/v1/projects/default";
const STOP = { scope: { team: "support" }, reason: "an agent loops" };
/** Of a button in a channel that this console does not know. */
const PRESS = {
  payload: JSON.stringify({
    type: "block_actions",
    user: { id: "U1" },
    channel: { id: "C1" },
    container: { message_ts: "1.1" },
    response_url: "https://hooks.slack.com/actions/1",
    actions: [{ action_id: "lensai.lift", block_id: "chan_1", value: "alert_1" }],
  }),
};

const ask = (path: string, body: unknown): Promise<Response> =>
  fetch(new URL(path, server.url), {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json", authorization: `Bearer ${TOKEN}` },
  });

/** What a collector passes on of a process that wants 500 nano-USD. */
function leaseWish(budgetId: string, periodStartsAt: string): object {
  const instanceId = "process-a";
  const amounts = {
    grantedNanoUsd: "0",
    spentNanoUsd: "0",
    reservedNanoUsd: "0",
    incurredNanoUsd: "0",
    uncertainNanoUsd: "0",
    needNanoUsd: "500",
    wantNanoUsd: "0",
  };
  const lease = { leaseId: `${instanceId}.1`, budgetId, periodStartsAt, ...amounts };
  const leases = [{ ...lease, isFinal: false }];
  return { requests: [{ projectId: "default", instanceId, sequence: 1, leases }] };
}
