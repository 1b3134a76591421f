import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { LensError } from "@lensai/otel-config/errors";
import { createConsole } from "#lib/server/console.ts";
import { handleApiRequest } from "#lib/server/api/handle-request.ts";
import { ANONYMOUS, LOCAL_OWNER } from "#lib/server/access/principal.ts";
import { apiKeys } from "#lib/server/db/schema/api-keys.ts";
import { updateProject } from "#lib/server/services/projects/update.ts";
import { consoleSettings, NO_LAKE } from "../support/console-settings.ts";
import { createKey, createTenant, startApi, type ApiUnderTest } from "../support/api-client.ts";

let api: ApiUnderTest;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());
afterEach(() => vi.restoreAllMocks());

const project = "/projects/default";
const killSwitches = `${project}/kill-switches`;
const stop = { scope: { team: "support" }, reason: "a loop" };
const codeOf = (answer: { json: never }): string => (answer.json as { code: string }).code;

test("a problem is a document with a code, a page that explains it, and what to do", async () => {
  const answer = await api.ask("GET", "/projects/nowhere");
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  expect(answer.headers.get("cache-control")).toBe("no-store");
  expect(answer.json).toEqual({
    type: "/docs/errors#querynot_found",
    status: 404,
    code: "query.not_found",
    detail: 'there is no project "nowhere", or it is not yours',
    requestId: "request-of-the-test",
  });
});

test.each([
  ["GET", "/nothing", 404, "api.path_unknown"],
  ["GET", "", 404, "api.path_unknown"],
  ["GET", "/projects/", 404, "api.path_unknown"],
  ["GET", "/projects/%E0%A4%A", 404, "api.path_unknown"],
  ["DELETE", project, 405, "api.method_not_allowed"],
  ["OPTIONS", project, 405, "api.method_not_allowed"],
  ["GET", `${project}/calls?limit=${"1".repeat(9000)}`, 414, "api.uri_too_long"],
])("%s %s is refused", async (method, path, ...expected) => {
  const answer = await api.ask(method, path);
  expect([answer.status, codeOf(answer)]).toEqual(expected);
});

test("a method that is not possible is told which ones are", async () => {
  const answer = await api.ask("PUT", project);
  expect(answer.headers.get("allow")).toBe("GET, HEAD, PATCH");
});

test("HEAD has the headers of GET", async () => {
  expect((await api.ask("HEAD", project)).status).toBe(200);
});

test.each([
  ["?limit=0", "/limit", "Too small"],
  ["?limit=1001", "/limit", "Too big"],
  ["?limit=ten", "/limit", "expected number"],
  ["?limit=1&limit=2", "/limit", "more than once"],
  ["?weather=bad", "/weather", "no such field"],
  ["?from=yesterday", "/from", "Invalid ISO datetime"],
  ["?from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "/from", "must be before"],
  ["?from=2024-11-02T00:00:00Z&to=2026-11-01T00:00:00Z", "/from", "more than 400 days"],
  ["?user=%00", "/user", "no text may have"],
  ["?cursor=!", "/cursor", "not a cursor"],
])("a query of %s is refused at its place", async (query, pointer, detail) => {
  const answer = await api.ask("GET", `${project}/calls${query}`);
  expect([answer.status, codeOf(answer)]).toEqual([400, "query.invalid"]);
  expect(answer.json).toMatchObject({
    errors: [{ in: "query", pointer, detail: expect.stringContaining(detail) as string }],
  });
});

test("a cursor of another list is refused", async () => {
  const cursor = Buffer.from("[7]").toString("base64url");
  expect((await api.ask("GET", `${project}/calls?cursor=${cursor}`)).status).toBe(400);
});

test.each([
  [{ ...stop, scope: { weather: "bad" } }, "/scope/weather"],
  [{ ...stop, reason: "" }, "/reason"],
  [{ ...stop, reason: "a \u0000 loop" }, "/reason"],
  [{ ...stop, reason: "a \ud800 loop" }, "/reason"],
  [{ ...stop, extra: 1 }, "/extra"],
  [{ ...stop, scope: { team: "x".repeat(257) } }, "/scope/team"],
  [[], ""],
  [null, ""],
])("a body of %j is refused at its place", async (body, pointer) => {
  const answer = await api.ask("POST", killSwitches, { body });
  expect([answer.status, codeOf(answer)]).toEqual([400, "query.invalid"]);
  expect((answer.json as { errors: unknown[] }).errors).toContainEqual(
    expect.objectContaining({ in: "body", pointer }),
  );
});

test("what has to be there and is not is called missing", async () => {
  const { json } = await api.ask("POST", killSwitches, { body: { scope: stop.scope } });
  expect(json).toMatchObject({ errors: [{ pointer: "/reason", detail: "is missing" }] });
});

test.each([
  ["", "it is empty"],
  ["{", "line 1, column 2"],
  ['{"reason":\n "x"; }', "line 2, column 5"],
])("a body of %j is not JSON, and the place is named", async (body, place) => {
  const answer = await api.ask("POST", killSwitches, { body });
  expect([answer.status, codeOf(answer)]).toEqual([400, "api.body_malformed"]);
  expect((answer.json as { detail: string }).detail).toContain(place);
});

test("a body of another type, or of too many bytes, is refused", async () => {
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const typed = await api.ask("POST", killSwitches, { body: "reason=x", headers: form });
  expect([typed.status, codeOf(typed)]).toEqual([415, "api.content_type_unsupported"]);
  const fits = JSON.stringify({ ...stop, reason: "x".repeat(65_536 - 100) });
  expect((await api.ask("POST", killSwitches, { body: fits })).status).toBe(400);
  const long = await api.ask("POST", killSwitches, { body: "x".repeat(65_537) });
  expect([long.status, codeOf(long)]).toEqual([413, "api.body_too_large"]);
});

test("keys that are wrong, revoked or of another kind open nothing", async () => {
  const { db } = api.console.services;
  const revoked = await createKey(api.console, "default", ["read"]);
  await db.update(apiKeys).set({ revokedAt: new Date() });
  const expired = await createKey(api.console, "default", ["read"]);
  await db.update(apiKeys).set({ expiresAt: new Date(1) });
  const bearer = async (authorization: string): Promise<[number, string]> => {
    const answer = await api.ask("GET", project, { headers: { authorization } });
    expect(answer.headers.has("www-authenticate")).toBe(answer.status === 401);
    return [answer.status, codeOf(answer)];
  };
  expect(await bearer("Bearer lensai_nothing")).toEqual([401, "auth.key_invalid"]);
  expect(await bearer("Basic YTpi")).toEqual([401, "auth.key_invalid"]);
  expect(await bearer(`Bearer ${revoked}`)).toEqual([403, "auth.key_revoked"]);
  expect(await bearer(`Bearer ${expired}`)).toEqual([403, "auth.key_revoked"]);
  const anonymous = await api.ask("GET", project, { as: ANONYMOUS });
  expect([anonymous.status, codeOf(anonymous)]).toEqual([401, "auth.session_missing"]);
});

test("an answer that is known is not sent again", async () => {
  for (const path of [project, killSwitches]) {
    const first = await api.ask("GET", path);
    const etag = first.headers.get("etag") ?? "";
    const known = (tag: string): Promise<{ status: number; text: string }> =>
      api.ask("GET", path, { headers: { "if-none-match": tag } });
    expect(await known(etag)).toMatchObject({ status: 304, text: "" });
    expect(await known(`"other", W/${etag}`)).toMatchObject({ status: 304 });
    expect(await known('"other"')).toMatchObject({ status: 200 });
  }
  const before = (await api.ask("GET", killSwitches)).headers.get("etag") ?? "";
  await api.ask("POST", killSwitches, { body: stop });
  const after = await api.ask("GET", killSwitches, { headers: { "if-none-match": before } });
  expect(after.status).toBe(200);
});

test("who asks for what is known as it was, and for nothing else, gets that or a 412", async () => {
  for (const path of [project, killSwitches]) {
    const etag = (await api.ask("GET", path)).headers.get("etag") ?? "";
    const still = async (tag: string): Promise<[number, string | undefined]> => {
      const answer = await api.ask("GET", path, { headers: { "if-match": tag } });
      return [answer.status, answer.status === 412 ? codeOf(answer) : undefined];
    };
    for (const tag of [etag, "*", `"other", ${etag}`])
      expect(await still(tag)).toEqual([200, undefined]);
    for (const tag of ['"other"', `W/${etag}`, ""])
      expect(await still(tag)).toEqual([412, "api.version_conflict"]);
  }
  // It goes before If-None-Match (RFC 9110, 13.2.2).
  const both = { "if-match": '"other"', "if-none-match": "*" };
  expect((await api.ask("GET", project, { headers: both })).status).toBe(412);
});

test("two who edit at once do not overwrite each other", async () => {
  const edit = (ifMatch: string | undefined, name: string) =>
    api.ask("PATCH", project, {
      body: { name },
      headers: ifMatch === undefined ? {} : { "if-match": ifMatch },
    });
  const seen = (await api.ask("GET", project)).headers.get("etag") ?? "";
  const first = await edit(seen, "First");
  expect([first.status, first.json]).toEqual([200, expect.objectContaining({ name: "First" })]);
  const second = await edit(seen, "Second");
  expect([second.status, codeOf(second)]).toEqual([412, "api.version_conflict"]);
  const { currentVersion } = second.json as { currentVersion: number };
  expect(second.headers.get("etag")).toBe(`"v${currentVersion}"`);
  expect(second.headers.get("etag")).toBe(first.headers.get("etag"));
  expect((await api.ask("GET", project)).json).toMatchObject({ name: "First" });
  expect((await edit(`"v${currentVersion}"`, "Second")).status).toBe(200);
  expect((await edit(undefined, "Third")).status).toBe(428);
  expect((await edit('"something else"', "Third")).status).toBe(412);
  expect((await edit("*", "Third")).status).toBe(200);
});

test("of many edits of one version exactly one gets through", async () => {
  const { version } = (await api.ask("GET", project)).json as { version: number };
  const results = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      updateProject(
        api.console.services,
        { projectId: "default", expectedVersion: version, change: { name: `Name ${index}` } },
        "tester",
      ),
    ),
  );
  expect(results.filter(({ outcome }) => outcome === "updated")).toHaveLength(1);
  const refused = results.filter(({ outcome }) => outcome === "conflict");
  expect(refused).toHaveLength(9);
  expect(new Set(refused.map((one) => JSON.stringify(one)))).toEqual(
    new Set([JSON.stringify({ outcome: "conflict", currentVersion: version + 1 })]),
  );
});

test("who asks too often is told when to come back, and others are not kept waiting", async () => {
  const limited = await startApi({ apiRequestsPerMinute: 3 });
  const key = await createKey(limited.console, "default", ["read"]);
  const answers = [];
  for (let request = 0; request < 4; request += 1) {
    answers.push(await limited.ask("GET", killSwitches, { key }));
  }
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  expect(answers[0]?.headers.get("ratelimit-policy")).toBe('"read";q=3;w=60');
  expect(answers[0]?.headers.get("ratelimit")).toMatch(/^"read";r=2;t=\d+$/);
  expect(codeOf(answers[3] as { json: never })).toBe("api.rate_limited");
  expect(Number(answers[3]?.headers.get("retry-after"))).toBeGreaterThan(0);
  // Whoever is not let in uses up nobody else's limit.
  for (let request = 0; request < 5; request += 1) {
    await limited.ask("GET", "/projects/other", { key: "lensai_nothing" });
  }
  await createTenant(limited.console, "other");
  expect((await limited.ask("GET", "/projects/other")).status).toBe(200);
  await limited.stop();
});

test("a database that is gone is 503 with a time to come back, and its address stays in the log", async () => {
  const log = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const broken = createConsole(consoleSettings(NO_LAKE));
  vi.spyOn(broken, "databaseReady").mockResolvedValue(true);
  const answer = await handleApiRequest({
    request: new Request("http://localhost/api/v1/projects"),
    url: new URL("http://localhost/api/v1/projects"),
    locals: { console: broken, principal: LOCAL_OWNER, requestId: "r" },
    clientAddress: "127.0.0.1",
  });
  expect(answer.status).toBe(503);
  expect(answer.headers.get("retry-after")).toBe("2");
  const text = await answer.text();
  expect(text).toContain("api.unavailable");
  expect(text).not.toContain("127.0.0.1");
  expect(log).toHaveBeenCalled();
  await broken.stop();
});

test("a fault of ours is 500 with a request id, and nothing of its reason", async () => {
  const log = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  vi.spyOn(api.console.lake, "ask").mockRejectedValue(new LensError("internal", "secret reason"));
  const answer = await api.ask("GET", `${project}/metrics/summary`);
  expect([answer.status, codeOf(answer)]).toEqual([500, "internal"]);
  expect(answer.text).not.toContain("secret");
  expect(String(log.mock.calls[0]?.[0])).toContain("request-of-the-test");
});

test("a repeat with the same Idempotency-Key gets the same answer and does nothing", async () => {
  const headers = { "idempotency-key": `"${randomUUID()}"` };
  const first = await api.ask("POST", killSwitches, { body: stop, headers });
  const second = await api.ask("POST", killSwitches, { body: stop, headers });
  expect([second.status, second.text]).toEqual([first.status, first.text]);
  const { items } = (await api.ask("GET", killSwitches)).json as { items: { id: string }[] };
  const { id } = first.json as { id: string };
  expect(items.filter((item) => item.id === id)).toHaveLength(1);
  const other = await api.ask("POST", killSwitches, { body: { ...stop, scope: {} }, headers });
  expect([other.status, codeOf(other)]).toEqual([422, "api.idempotency_key_reused"]);
  const short = { "idempotency-key": "1" };
  expect((await api.ask("POST", killSwitches, { body: stop, headers: short })).status).toBe(400);
});
