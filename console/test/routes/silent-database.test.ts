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
