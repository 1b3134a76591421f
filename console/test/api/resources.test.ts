import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openApiDocument } from "#lib/server/api/openapi.ts";
import { API_ROUTES } from "#lib/server/api/routes.ts";
import {
  CONTROL_TOKEN_OF_TEST,
  createKey,
  startApi,
  type ApiUnderTest,
} from "../support/api-client.ts";
import { callRow } from "../support/sample-lake.ts";

const DAY_MS = 86_400_000;
/** Not now: a test that runs at midnight must not lose a row. */
const STARTED = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS + 3_600_000;
const isoOf = (unixMs: number): string => new Date(unixMs).toISOString();
const range = `from=${isoOf(STARTED - 3_600_000)}&to=${isoOf(STARTED + 3_600_000)}`;
const project = "/projects/default";
let api: ApiUnderTest;

beforeAll(async () => {
  api = await startApi();
  await api.land([
    callRow(STARTED, { team: "support", record_ordinal: 1n }),
    callRow(STARTED + 1, {
      span_id: "b7ad6b7169203332",
      team: "sales",
      cost_nano_usd: null,
      record_ordinal: 2n,
      user_id: '=cmd|"x"',
    }),
    callRow(STARTED + 2, {
      trace_id: null,
      span_id: null,
      signal: "log",
      status: "error",
      record_ordinal: 3n,
      cost_nano_usd: 9_007_199_254_740_993n,
    }),
  ]);
});
afterAll(() => api.stop());

const get = async (path: string): Promise<never> => (await api.ask("GET", path)).json;

test("the summary has exact amounts as digits, and what is not priced apart", async () => {
  expect(await get(`${project}/metrics/summary?${range}`)).toMatchObject({
    calls: 3,
    pricedCalls: 2,
    unpricedCalls: 1,
    costNanoUsd: "9007199259240993",
    errorCalls: 1,
    range: { from: isoOf(STARTED - 3_600_000) },
  });
  expect(await get(`${project}/metrics/summary?${range}&team=sales`)).toMatchObject({
    calls: 1,
    costNanoUsd: null,
  });
});

test("calls without a value are asked for by name, and a value and none of it at once is refused", async () => {
  expect(await get(`${project}/calls?${range}&without=team`)).toMatchObject({
    items: [{ signal: "log" }],
    nextCursor: null,
  });
  expect(await get(`${project}/metrics/summary?${range}&without=team,tenant`)).toMatchObject({
    calls: 1,
  });
  expect(await get(`${project}/calls?${range}&without=team&team=sales`)).toMatchObject({
    code: "query.invalid",
    errors: [{ in: "query", pointer: "/without" }],
  });
  expect(await get(`${project}/calls?${range}&without=team,colour`)).toMatchObject({
    code: "query.invalid",
  });
});

test("cost by any dimension, dearest first", async () => {
  const answer = (await get(`${project}/metrics/cost?${range}&by=team`)) as {
    items: { key: string | null; costNanoUsd: string | null }[];
  };
  expect(answer.items.map(({ key, costNanoUsd }) => [key, costNanoUsd])).toEqual([
    [null, "9007199254740993"],
    ["support", "4500000"],
    ["sales", null],
  ]);
});

test("cost by two dimensions, of which rows and columns add up to the total", async () => {
  expect(await get(`${project}/metrics/cost-table?${range}&by=team&and=signal`)).toMatchObject({
    code: "query.invalid",
  });
  expect(await get(`${project}/metrics/cost-table?${range}&by=team&and=team`)).toMatchObject({
    errors: [{ pointer: "/and" }],
  });
  expect(
    await get(`${project}/metrics/cost-table?${range}&by=team&and=user&rows=1&columns=5`),
  ).toMatchObject({
    by: "team",
    and: "user",
    columns: [
      { key: "ada", kind: "value", total: { calls: 2, costNanoUsd: "9007199259240993" } },
      { key: '=cmd|"x"', kind: "value", total: { costNanoUsd: null, unpricedCalls: 1 } },
    ],
    rows: [
      {
        key: null,
        kind: "value",
        cells: [
          { calls: 1, costNanoUsd: "9007199254740993" },
          { calls: 0, costNanoUsd: "0" },
        ],
      },
      { key: null, kind: "other", cells: [{ costNanoUsd: "4500000" }, { costNanoUsd: null }] },
    ],
    total: { calls: 3, costNanoUsd: "9007199259240993", unpricedCalls: 1 },
  });
});

test("changes of the cost, against the time before unless another one is named", async () => {
  const changes = `${project}/metrics/changes?by=team&limit=1`;
  const before = { from: isoOf(STARTED - 2 * 3_600_000), to: isoOf(STARTED - 3_600_000) };
  const hour = `from=${before.to}&to=${isoOf(STARTED)}`;
  expect(await get(`${changes}&${hour}`)).toMatchObject({
    range: { from: before.to },
    before,
    by: "team",
  });
  const [apart, later] = [isoOf(STARTED - 8 * 3_600_000), isoOf(STARTED - 3_600_000)];
  expect(await get(`${changes}&${range}&beforeFrom=${apart}`)).toMatchObject({
    before: { from: apart },
    total: {
      before: { calls: 0, costNanoUsd: "0" },
      now: { calls: 3, unpricedCalls: 1, costNanoUsd: "9007199259240993" },
    },
    items: [{ key: null, now: { costNanoUsd: "9007199254740993" } }],
  });
  const overlapping = await api.ask("GET", `${changes}&${range}&beforeFrom=${later}`);
  expect(overlapping.status).toBe(400);
  expect(JSON.stringify(overlapping.json)).toContain("/beforeFrom");
});

test("series and percentiles", async () => {
  const series = `${project}/metrics/series?${range}&by=user&intervalSeconds=3600`;
  expect(await get(series)).toMatchObject({
    intervalSeconds: 3600,
    buckets: [isoOf(STARTED - 3_600_000), isoOf(STARTED)],
    series: [{ key: "ada", costNanoUsd: ["0", "9007199259240993"] }, { calls: [0, 1] }],
  });
  expect(await get(`${project}/metrics/latency?${range}`)).toMatchObject({
    by: null,
    items: [{ calls: 3, latencyMs: { p50: 1500, p99: 1500 } }],
  });
});

test("too many buckets are refused", async () => {
  const wide = `from=2026-01-01T00:00:00Z&to=2026-12-01T00:00:00Z`;
  const answer = await api.ask("GET", `${project}/metrics/series?${wide}&intervalSeconds=60`);
  expect(answer.status).toBe(400);
});

test("calls come page by page, and each leads to its arithmetic", async () => {
  interface Page {
    items: { startedAt: string; traceId: string | null; spanId: string | null }[];
    nextCursor: string | null;
  }
  const first: Page = await get(`${project}/calls?${range}&limit=2`);
  expect(first.items.map(({ startedAt }) => startedAt)).toEqual([
    isoOf(STARTED + 2),
    isoOf(STARTED + 1),
  ]);
  const second: Page = await get(
    `${project}/calls?${range}&limit=2&cursor=${first.nextCursor ?? ""}`,
  );
  expect([second.items.length, second.nextCursor]).toEqual([1, null]);
  const [call] = second.items;
  const at = call?.startedAt ?? "";
  const detail = await get(`${project}/calls/${call?.traceId}/${call?.spanId}?at=${at}`);
  expect(detail).toMatchObject({
    record: { team: "support", cost_nano_usd: "4500000", billed: true },
    arithmetic: { verdict: { kind: "billed" }, costNanoUsd: "4500000" },
  });
  const batchId = "0123456789abcdef0123456789abcdef";
  expect(await get(`${project}/records/${batchId}/3?at=${isoOf(STARTED + 2)}`)).toMatchObject({
    record: { signal: "log", trace_id: null },
  });
  expect((await api.ask("GET", `${project}/records/${batchId}/9`)).status).toBe(404);
});

test("a trace has its spans", async () => {
  const trace = `${project}/traces/0af7651916cd43dd8448eb211c80319c`;
  expect(await get(`${trace}?${range}`)).toMatchObject({
    isComplete: true,
    items: [{ spanId: "b7ad6b7169203331", isBilled: true }, { costNanoUsd: null }],
  });
  expect(
    (await api.ask("GET", `${trace}?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z`)).status,
  ).toBe(404);
});

test("an export has every call, in both formats", async () => {
  const ndjson = await api.ask("GET", `${project}/export/calls?${range}`);
  expect(ndjson.headers.get("content-type")).toBe("application/x-ndjson");
  const lines = ndjson.text.trimEnd().split("\n");
  const page = (await get(`${project}/calls?${range}`)) as { items: unknown[] };
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(page.items);
  const csv = await api.ask("GET", `${project}/export/calls?${range}&format=csv&user=ada`);
  expect(csv.text.split("\r\n")).toHaveLength(4);
  expect(csv.text).toContain(",4500000,");
});

test("prices say who says so, or what is missing", async () => {
  expect(await get(`${project}/prices?provider=openai&model=gpt-4o`)).toMatchObject({
    prices: { input_mtok: expect.anything() as unknown },
    gap: null,
  });
  expect(await get(`${project}/prices?provider=openai&model=nothing`)).toMatchObject({
    prices: null,
    gap: "model",
  });
  expect(await get(`${project}/prices/unknown?${range}`)).toMatchObject({
    items: [{ model: "gpt-4o", calls: 1, inputTokens: "1000" }],
  });
});

test("a project says what its models cost, all of it or nothing", async () => {
  const own = { provider: "azure", modelPrefix: "gpt-4o", multiplier: 0.5, source: "contract 7" };
  const wrong = { ...own, modelPrefix: undefined };
  const set = (...overrides: object[]) =>
    api.ask("POST", `${project}/prices/overrides`, { body: { overrides } });
  expect((await set(own, wrong)).json).toMatchObject({
    status: 400,
    errors: [{ in: "body", pointer: "/overrides/1", detail: expect.stringContaining("needs") }],
  });
  expect((await set(own)).json).toEqual({ recorded: 1, unchanged: 0 });
  expect((await set(own)).json).toEqual({ recorded: 0, unchanged: 1 });
  expect(await get(`${project}/prices/overrides`)).toMatchObject({
    items: [
      {
        number: 1,
        provider: "azure.ai.openai",
        model: null,
        modelPrefix: "gpt-4o",
        multiplier: "0.5",
        recordedBy: "local",
      },
    ],
  });
  expect(await get(`${project}/prices?provider=azure&model=gpt-4o-mini`)).toMatchObject({
    prices: { input_mtok: "0.075" },
    overrides: [{ source: "contract 7", recordedBy: "local" }],
  });
});

test("the audit log tells of changes page by page, and never of a secret", async () => {
  await api.ask("POST", `${project}/signing-secrets`, { body: {} });
  await api.ask("POST", `${project}/keys`, { body: { name: "one", scopes: ["read"] } });
  interface Page {
    items: { action: string; actor: string }[];
    nextCursor: string | null;
  }
  const first: Page = await get(`${project}/audit?limit=1`);
  expect(first.items).toMatchObject([{ action: "api_key.create", actor: "local" }]);
  const second: Page = await get(`${project}/audit?limit=1&cursor=${first.nextCursor ?? ""}`);
  expect(second.items).toMatchObject([{ action: "signing_secret.create" }]);
});

test("a budget that contradicts itself is refused at the field", async () => {
  const terms = { name: "b", limitNanoUsd: "5000000000" };
  const refused = async (more: object): Promise<unknown> => {
    const answer = await api.ask("POST", `${project}/budgets`, { body: { ...terms, ...more } });
    expect(answer.status).toBe(400);
    return (answer.json as { errors: { pointer: string }[] }).errors.map(({ pointer }) => pointer);
  };
  expect(await refused({ limitNanoUsd: "-1" })).toEqual(["/limitNanoUsd"]);
  expect(await refused({ scope: { weather: "bad" } })).toEqual(["/scope/weather"]);
  expect(await refused({ each: "team", scope: { team: "a" } })).toEqual(["/each"]);
  expect(await refused({ period: { kind: "day", timeZone: "Mars/Olympus" } })).toEqual([
    "/period/timeZone",
  ]);
});

test("a channel whose URL is none is refused at the field", async () => {
  const channel = {
    type: "webhook",
    name: "x",
    kinds: ["budget.exceeded"],
    minimumSeverity: "info",
  };
  for (const url of ["", "\u0088nothing", `x${"\u00fe".repeat(3000)}`, "http://a:b@c.test/"]) {
    const answer = await api.ask("POST", `${project}/alert-channels`, {
      body: { ...channel, url },
    });
    expect(answer.status).toBe(400);
    expect(answer.text).toContain('"pointer":"/url"');
  }
});

test("the document is whole: every reference leads somewhere, and every route has a name of its own", () => {
  const document = openApiDocument(API_ROUTES);
  const text = JSON.stringify(document);
  for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
    expect(Object.keys(document.components.schemas)).toContain(name);
  }
  expect(text).not.toContain("$defs");
  const ids = API_ROUTES.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  const places = API_ROUTES.map(({ method, path }) => `${method} ${path}`);
  expect(new Set(places).size).toBe(places.length);
});

/** The API behind a socket, as curl meets it. */
async function serveApi(): Promise<{ readonly server: Server; readonly url: string }> {
  const server = createServer((incoming, outgoing) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const headers = Object.fromEntries(
        Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
      );
      const path = (incoming.url ?? "").replace("/api/v1", "");
      const method = incoming.method ?? "GET";
      const answer = await api.ask(method, path, { headers, ...(body !== "" && { body }) });
      outgoing.writeHead(answer.status, { "content-type": "application/json" }).end(answer.text);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port was given");
  return { server, url: `http://127.0.0.1:${address.port}` };
}

test("every command of the documentation works as it stands there", async () => {
  const page = readFileSync(new URL("../../content/docs/api.md", import.meta.url), "utf8");
  const commands = Array.from(page.matchAll(/```sh\n([^]*?)```/g), ([, command]) => command ?? "");
  expect(commands.length).toBeGreaterThan(4);
  const { server, url } = await serveApi();
  const key = await createKey(api.console, "default", ["read"]);
  const env = {
    PATH: process.env["PATH"],
    LENSAI_URL: url,
    LENSAI_KEY: key,
    LENSAI_CONTROL_TOKEN: CONTROL_TOKEN_OF_TEST,
  };
  for (const command of commands) {
    const { stdout } = await promisify(execFile)("sh", ["-c", command], { env });
    const isRefused = stdout.includes('"code":');
    expect({ command, stdout, isRefused }).toMatchObject({
      isRefused: command.includes("weather=bad"),
    });
  }
  await new Promise((resolve) => server.close(resolve));
});
