import { parseControlSnapshot } from "@lensai/otel-config/control/snapshot";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ANONYMOUS, LOCAL_OWNER, type Principal } from "#lib/server/access/principal.ts";
import { createConsole, type Console } from "#lib/server/console.ts";
import { formatEntry } from "#lib/server/log.ts";
import type { ConsoleSettings } from "#lib/server/settings.ts";
import { activeKillSwitches } from "#lib/server/services/kill-switches/list.ts";
import { actions } from "../../src/routes/projects/[projectId=projectId]/control/+page.server.ts";
import { GET as getHealth } from "../../src/routes/healthz/+server.ts";
import { GET as getControl } from "../../src/routes/internal/control/+server.ts";
import { POST as postKillSwitch } from "../../src/routes/internal/kill-switches/+server.ts";
import { DELETE as deleteKillSwitch } from "../../src/routes/internal/kill-switches/[killSwitchId]/+server.ts";
import { POST as postLanding } from "../../src/routes/internal/landings/+server.ts";
import { POST as postProject } from "../../src/routes/internal/projects/+server.ts";
import { actions as signInActions } from "../../src/routes/sign-in/+page.server.ts";
import { GET as getReady } from "../../src/routes/readyz/+server.ts";
import { consoleSettings } from "../support/console-settings.ts";
import { createMigratedDatabase } from "../support/database.ts";
import { callRow, createSampleLake, type SampleLake } from "../support/sample-lake.ts";

const TOKEN = "control-token-of-the-test";
const OWNER = "owner@example.com";
let lake: SampleLake;
let running: Console;

const settingsWith = (values: Partial<ConsoleSettings>): ConsoleSettings =>
  consoleSettings(lake.settings, {
    bootstrapKey: "lensai_bootstrap_key_3",
    controlToken: TOKEN,
    people: {
      ownerEmail: OWNER,
      authSecret: undefined,
      publicOrigin: "http://localhost:3000",
    },
    ...values,
  });

beforeAll(async () => {
  lake = await createSampleLake();
  running = createConsole(settingsWith({ databaseUrl: await createMigratedDatabase() }));
  running.start();
  await running.databaseReady(15_000);
});

afterAll(async () => {
  await running.stop();
  await lake.remove();
});

type Handler = (event: never) => Response | Promise<Response>;

async function call(
  handler: Handler,
  init: RequestInit = {},
  { by = running, params = {} } = {},
): Promise<Response> {
  const request = new Request("http://localhost/", init);
  return handler({ request, params, locals: { console: by, requestId: "test" } } as never);
}

const authorized = { authorization: `Bearer ${TOKEN}` };
const create = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { ...authorized, "content-type": "application/json" },
  body: JSON.stringify(body),
});

test("is healthy, and ready when database and lake can be read", async () => {
  expect((await call(getHealth)).status).toBe(200);
  const ready = await call(getReady);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toEqual({ status: "ok", problems: [], warnings: [] });
});

test("says which part is missing, and keeps the database password to itself", async () => {
  const broken = createConsole(
    settingsWith({ lake: { ...lake.settings, url: "/proc/self/mem/lake" } }),
  );
  broken.start();
  await expect
    .poll(
      async () =>
        ((await (await call(getReady, {}, { by: broken })).json()) as { problems: string[] })
          .problems,
    )
    .toEqual([
      expect.stringMatching(/^postgres: .*ECONNREFUSED/),
      expect.stringMatching(/^lake: /),
    ]);
  const response = await call(getReady, {}, { by: broken });
  expect(response.status).toBe(503);
  expect(await response.text()).not.toContain("very-secret");
  await broken.stop();
});

test("serves the snapshot to whoever has the control token, and nothing to others", async () => {
  const response = await call(getControl, { headers: authorized });
  const snapshot = parseControlSnapshot(await response.json());
  expect(snapshot.projects.map((project) => project.id)).toContain("default");
  expect(response.headers.get("etag")).toBe(`"${snapshot.version}"`);
  for (const headers of [{}, { authorization: "Bearer wrong" }] as HeadersInit[]) {
    const refusal = await call(getControl, { headers });
    expect(refusal.status).toBe(401);
    expect(refusal.headers.get("content-type")).toBe("application/problem+json");
  }
});

test("answers 304 until something changes", async () => {
  const etag = (await call(getControl, { headers: authorized })).headers.get("etag") ?? "";
  const poll = (): Promise<Response> =>
    call(getControl, { headers: { ...authorized, "if-none-match": etag } });
  expect((await poll()).status).toBe(304);
  await call(postProject, create({ id: "changed", name: "Changed" }));
  expect((await poll()).status).toBe(200);
});

test("a landing that a collector tells of is news at once", async () => {
  const news: string[] = [];
  const unfollow = running.live.follow((projectIds) => news.push(...projectIds));
  await running.lake.refresh();
  await lake.land([callRow(Date.now(), { project_id: "shop" })]);
  expect((await call(postLanding, { method: "POST" })).status).toBe(401);
  expect((await call(postLanding, create({}))).status).toBe(204);
  await expect.poll(() => news).toEqual(["shop"]);
  unfollow();
});

test("creates a project with a key that works, and the second time gives a fresh key", async () => {
  const first = await call(postProject, create({ id: "shop", name: " Shop " }));
  expect(first.status).toBe(201);
  const body = (await first.json()) as { project: unknown; key: string };
  expect(body.project).toEqual({ id: "shop", name: "Shop" });
  const second = await call(postProject, create({ id: "shop", name: "Shop" }));
  expect(second.status).toBe(200);
  expect(((await second.json()) as { key: string }).key).not.toBe(body.key);
  const { keys } = parseControlSnapshot(
    await (await call(getControl, { headers: authorized })).json(),
  );
  expect(keys.filter((key) => key.projectId === "shop")).toHaveLength(2);
});

test.each([
  [{ id: "Shop", name: "x" }, "id: a project id has"],
  [{ id: "-a", name: "x" }, "id: a project id has"],
  [{ id: "a".repeat(64), name: "x" }, "id: a project id has"],
  [{ id: "ok", name: "  " }, "name: a project name must not be empty"],
  [{ id: "ok", name: "x".repeat(101) }, "name: a project name has at most"],
  ["text", "expected object"],
])("refuses %j and says why", async (body, text) => {
  const response = await call(postProject, create(body));
  expect(response.status).toBe(400);
  expect(((await response.json()) as { detail: string }).detail).toContain(text);
});

test("creates nothing without the token", async () => {
  const request = { ...create({ id: "sneaky", name: "x" }), headers: {} };
  expect((await call(postProject, request)).status).toBe(401);
});

test("stops calls and releases them again for whoever has the control token", async () => {
  await call(postProject, create({ id: "loops", name: "Loops" }));
  const stop = { projectId: "loops", scope: { team: "support" }, reason: "a loop" };
  const triggered = await call(postKillSwitch, { ...create(stop) });
  expect(triggered.status).toBe(201);
  const { id } = (await triggered.json()) as { id: string };
  const active = async (): Promise<readonly unknown[] | undefined> =>
    parseControlSnapshot(await (await call(getControl, { headers: authorized })).json())
      .killSwitches;
  expect(await active()).toMatchObject([{ id, ...stop }]);
  const release = { ...create({ projectId: "loops", reason: "fixed" }), method: "DELETE" };
  const params = { killSwitchId: id };
  expect((await call(deleteKillSwitch, release, { params })).status).toBe(204);
  expect((await call(deleteKillSwitch, release, { params })).status).toBe(404);
  expect(await active()).toEqual([]);
});

test.each([
  [{ projectId: "shop", scope: { weather: "bad" }, reason: "a loop" }, 400, "weather"],
  [{ projectId: "shop", scope: {}, reason: "" }, 400, "reason: say why"],
  [{ projectId: "nowhere", scope: {}, reason: "a loop" }, 404, "there is no project"],
  [undefined, 400, "expected object"],
])("refuses to stop %j", async (body, status, text) => {
  const response = await call(postKillSwitch, create(body));
  expect(response.status).toBe(status);
  expect(((await response.json()) as { detail: string }).detail).toContain(text);
  expect((await call(postKillSwitch, { ...create(body), headers: {} })).status).toBe(401);
});

const submit = (
  action: keyof typeof actions,
  fields: Record<string, string>,
  principal: Principal = LOCAL_OWNER,
) => {
  const request = new Request("http://localhost/", {
    method: "POST",
    body: new URLSearchParams(fields),
  });
  const event = {
    request,
    params: { projectId: "loops" },
    locals: { console: running, principal },
  };
  return Promise.resolve(actions[action]?.(event as never)).catch((thrown: unknown) => thrown);
};

test("the page stops and releases on a machine of one's own", async () => {
  await call(postProject, create({ id: "loops", name: "Loops" }));
  const problem = { status: 400, data: { problem: expect.stringContaining("say why") as string } };
  expect(await submit("trigger", { user: "u1", reason: "" })).toMatchObject(problem);
  const done = { status: 303, location: "/projects/loops/control" };
  expect(await submit("trigger", { user: "u1", team: "", reason: "a loop" })).toMatchObject(done);
  const [active] = await activeKillSwitches(running.services.db, "loops");
  expect(active).toMatchObject({ scope: { user: "u1" }, triggeredBy: "local" });
  const release = { id: active?.id ?? "", reason: "fixed" };
  expect(await submit("release", release)).toMatchObject(done);
  expect(await submit("release", release)).toMatchObject({ status: 409 });
});

test("the page leads to the sign-in whoever has not said who he is", async () => {
  for (const action of ["trigger", "release"] as const) {
    const refused = await submit(action, { reason: "a loop", id: "kill_1" }, ANONYMOUS);
    expect(refused).toMatchObject({ status: 303, location: "/sign-in?next=%2Fprojects%2Floops" });
  }
});

async function askForLink(headers: Record<string, string>): Promise<unknown> {
  const body = new URLSearchParams({ email: OWNER });
  const request = new Request("http://localhost/sign-in", { method: "POST", headers, body });
  const event = { request, locals: { console: running }, getClientAddress: () => "127.0.0.1" };
  return signInActions["default"]?.(event as never);
}

test("a sign-in link is shown at the machine, and to nobody who comes through a proxy", async () => {
  expect(await askForLink({ "x-forwarded-for": "203.0.113.7" })).toEqual({ isSent: true });
  const link = expect.stringContaining("/sign-in/confirm?token=") as string;
  expect(await askForLink({})).toEqual({ isSent: true, link });
});

test("lets nobody in when the console has no token", async () => {
  const open = createConsole(settingsWith({ controlToken: undefined }));
  const response = await call(getControl, { headers: authorized }, { by: open });
  expect(response.status).toBe(401);
  expect(((await response.json()) as { detail: string }).detail).toContain("LENSAI_CONTROL_TOKEN");
  await open.stop();
});

test("logs an error of the database without the values of the query", () => {
  const error = new Error("Failed query: select $1\nparams: ada@example.com");
  expect(formatEntry({ error })).toContain("Failed query: select $1");
  expect(formatEntry({ error })).not.toContain("ada@example.com");
});
