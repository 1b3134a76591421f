import { afterAll, beforeAll, expect, test } from "vitest";
import { createConsole, type Console } from "#lib/server/console.ts";
import { buildSnapshot } from "#lib/server/services/snapshot/build.ts";
import { PATCH as patchProject } from "../../src/routes/internal/projects/+server.ts";
import { DELETE, POST } from "../../src/routes/internal/signing-secrets/+server.ts";
import { consoleSettings, NO_LAKE } from "../support/console-settings.ts";
import { createMigratedDatabase } from "../support/database.ts";

const TOKEN = "control-token-of-the-test";
let running: Console;

beforeAll(async () => {
  const databaseUrl = await createMigratedDatabase();
  running = createConsole(consoleSettings(NO_LAKE, { databaseUrl, controlToken: TOKEN }));
  running.start();
  await running.databaseReady(15_000);
});
afterAll(() => running.stop());

type Handler = (event: never) => Response | Promise<Response>;

async function call(handler: Handler, body: unknown, token = TOKEN): Promise<Response> {
  const request = new Request("http://localhost/", {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });
  return handler({ request, locals: { console: running, requestId: "test" } } as never);
}

const secretIds = async (): Promise<string[]> =>
  ((await buildSnapshot(running.services.db)).signingSecrets ?? []).map(({ id }) => id);

test("a secret is created, shown once, and revoked", async () => {
  const created = await call(POST, { projectId: "default" });
  expect([created.status, created.headers.get("cache-control")]).toEqual([201, "no-store"]);
  const { keyId, secret } = (await created.json()) as { keyId: string; secret: string };
  expect(secret).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  expect(await secretIds()).toEqual([keyId]);
  expect((await call(DELETE, { projectId: "default", keyId })).status).toBe(204);
  expect(await secretIds()).toEqual([]);
  expect((await call(DELETE, { projectId: "default", keyId })).status).toBe(404);
});

test("a project is made to require signatures", async () => {
  const change = { id: "default", requireSignature: true };
  expect((await call(patchProject, change)).status).toBe(204);
  const [project] = (await buildSnapshot(running.services.db)).projects;
  expect(project).toMatchObject(change);
  expect((await call(patchProject, { ...change, id: "nowhere" })).status).toBe(404);
});

test.each([
  [POST, { projectId: "nowhere" }, 404],
  [POST, { projectId: "default", expireOthersInSeconds: -1 }, 400],
  [POST, { projectId: "default", expireOthersInSeconds: 1e9 }, 400],
  [POST, "text", 400],
  [DELETE, { projectId: "default" }, 400],
  [patchProject, { id: "default", requireSignature: "yes" }, 400],
])("%o with %j is refused", async (handler, body, status) => {
  expect((await call(handler, body)).status).toBe(status);
});

test("nobody changes anything without the control token", async () => {
  const change = { projectId: "default", id: "default", requireSignature: false, keyId: "sig_x" };
  for (const handler of [POST, DELETE, patchProject]) {
    expect((await call(handler, change, "wrong")).status).toBe(401);
  }
});
