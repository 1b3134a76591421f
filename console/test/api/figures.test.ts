import { afterAll, beforeAll, expect, test } from "vitest";
import { startApi, type ApiUnderTest } from "../support/api-client.ts";
import { callRow } from "../support/sample-lake.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW = Date.now();
const CENT = 10_000_000n;
const project = "/projects/default";
let api: ApiUnderTest;

/** Twenty calls of a cent each on every one of the last days, by two users in turn; the newest a moment ago. */
beforeAll(async () => {
  api = await startApi();
  const rows = Array.from({ length: 10 }, (_, day) =>
    Array.from({ length: 20 }, (__, index) =>
      callRow(NOW - 60_000 - day * DAY_MS - index * 1000, {
        span_id: (day * 100 + index + 1).toString(16).padStart(16, "0"),
        user_id: index % 2 === 0 ? "ada" : "bob",
        cost_nano_usd: CENT,
      }),
    ),
  );
  await api.land(rows.flat());
});
afterAll(() => api.stop());

const get = async (path: string): Promise<never> => (await api.ask("GET", path)).json;

async function createBudget(body: object): Promise<string> {
  const created = await api.ask("POST", `${project}/budgets`, { body });
  expect(created.status).toBe(201);
  return (created.json as { id: string }).id;
}

test("what is spent, held and left of a budget, and where it leads", async () => {
  const id = await createBudget({
    name: "rolling",
    limitNanoUsd: "500000000",
    period: { kind: "rolling", windowMs: 10 * DAY_MS },
  });
  expect(await get(`${project}/budgets/${id}/figures`)).toMatchObject({
    isCounting: true,
    limitNanoUsd: "500000000",
    costNanoUsd: "2000000000",
    calls: 200,
    unpricedCalls: 0,
    leftNanoUsd: "0",
    heldNanoUsd: "0",
    resetsAt: null,
    values: null,
    forecast: null,
  });
  expect((await api.ask("GET", `${project}/budgets/bud_none/figures`)).status).toBe(404);
});

test("what a budget has stopped, by cause, value and model", async () => {
  const id = await createBudget({ name: "stops", limitNanoUsd: "7", each: "team" });
  const path = `${project}/budgets/${id}/stopped-calls`;
  expect(await get(path)).toEqual({
    days: 7,
    refusedCalls: 0,
    cutOffCalls: 0,
    firstAt: null,
    lastAt: null,
    causes: [],
    values: [],
    models: [],
  });
  const atMs = NOW - 2 * DAY_MS;
  await api.land([
    callRow(atMs, {
      span_id: "00000000000000b1",
      billed: false,
      bill_rule: "failed",
      budget_decision: "refused",
      team: "support",
      attributes: JSON.stringify({
        "lensai.budget.id": id,
        "lensai.budget.refusal_cause": "held",
      }),
    }),
  ]);
  const at = new Date(atMs).toISOString();
  expect(await get(path)).toMatchObject({
    refusedCalls: 1,
    firstAt: at,
    causes: [{ name: "held", calls: 1, lastAt: at }],
    values: [{ name: "support", calls: 1 }],
    models: [{ calls: 1 }],
  });
  expect(await get(`${path}?days=1`)).toMatchObject({ days: 1, refusedCalls: 0 });
  expect((await api.ask("GET", `${project}/budgets/bud_none/stopped-calls`)).status).toBe(404);
});

test("each value of a budget for each has its own figures", async () => {
  const id = await createBudget({
    name: "each",
    limitNanoUsd: "1000000000",
    each: "user",
    period: { kind: "rolling", windowMs: 10 * DAY_MS },
  });
  expect(await get(`${project}/budgets/${id}/figures`)).toMatchObject({
    leftNanoUsd: null,
    heldNanoUsd: null,
    values: [
      { value: "ada", costNanoUsd: "1000000000", calls: 100 },
      { value: "bob", costNanoUsd: "1000000000", calls: 100 },
    ],
  });
});

test("a budget whose time has not come counts nothing", async () => {
  const startsAt = new Date(NOW + DAY_MS).toISOString();
  const period = { kind: "total", startsAt };
  const id = await createBudget({ name: "later", limitNanoUsd: "7", period });
  expect(await get(`${project}/budgets/${id}/figures`)).toMatchObject({
    isCounting: false,
    limitNanoUsd: "7",
    leftNanoUsd: null,
  });
});

test("back-tests a budget that exists as one that does not", async () => {
  const terms = {
    limitNanoUsd: String(15n * CENT),
    period: { kind: "day", timeZone: "UTC" },
    scope: { user: "ada" },
  };
  const id = await createBudget({ name: "ada", ...terms });
  const stored = await get(`${project}/budgets/${id}/backtest?days=7`);
  expect(stored).toMatchObject({ days: 7, blockedCalls: 0, savedNanoUsd: "0" });
  const body = { ...terms, limitNanoUsd: String(5n * CENT), days: 7 };
  const proposed = await api.ask("POST", `${project}/budgets/backtest`, { body });
  expect(proposed.status).toBe(200);
  expect(proposed.json).toMatchObject({ days: 7, blockedValues: [{ name: "ada" }] });
  const { blockedCalls, savedNanoUsd, calls } = proposed.json as {
    blockedCalls: number;
    savedNanoUsd: string;
    calls: number;
  };
  expect(blockedCalls).toBeGreaterThan(0);
  expect(blockedCalls).toBeLessThan(calls);
  expect(BigInt(savedNanoUsd)).toBe(BigInt(blockedCalls) * CENT);
  const isFixed = await api.ask("POST", `${project}/budgets/backtest`, {
    body: { ...body, each: "user" },
  });
  expect(isFixed.status).toBe(400);
});

test("tells whom a kill-switch would have met, and stops nothing", async () => {
  const asked = await api.ask("POST", `${project}/kill-switches/preview`, {
    body: { scope: { user: "ada" } },
  });
  expect(asked.json).toMatchObject({ calls: 10, users: 1, allCalls: 20 });
  expect(await get(`${project}/kill-switches`)).toMatchObject({ items: [] });
});

test("announces a drill, and shows how far it got", async () => {
  const started = await api.ask("POST", `${project}/drills`);
  expect(started.status).toBe(201);
  const { id } = started.json as { id: string };
  expect(await get(`${project}/processes`)).toMatchObject({
    processes: { guards: 0, pollers: 0 },
    announcements: [{ subjectId: id, kind: "drill", announcedBy: "local", known: 0, p50Ms: null }],
    stragglers: [],
  });
});

test("exports the audit log with its signed head", async () => {
  const answer = await api.ask("GET", `${project}/audit/export`);
  expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
  const lines = answer.text.trimEnd().split("\n");
  expect(lines.at(1)).toContain('"action":"');
  expect(lines.at(-1)).toContain('"payloadType"');
});
