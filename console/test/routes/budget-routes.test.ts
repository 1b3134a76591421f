import { afterAll, beforeAll, expect, test } from "vitest";
import { createConsole, type Console } from "#lib/server/console.ts";
import { exchangeLeases } from "#lib/server/services/ledger/exchange-leases.ts";
import { POST as postBudget } from "../../src/routes/internal/budgets/+server.ts";
import { GET as getLedgers } from "../../src/routes/internal/ledgers/+server.ts";
import { consoleSettings } from "../support/console-settings.ts";
import { createMigratedDatabase } from "../support/database.ts";
import { createSampleLake, type SampleLake } from "../support/sample-lake.ts";

const TOKEN = "control-token-of-the-test";
const STARTS_AT = "2026-01-01T00:00:00.000Z";
const authorization = `Bearer ${TOKEN}`;
let lake: SampleLake;
let running: Console;

beforeAll(async () => {
  lake = await createSampleLake();
  const databaseUrl = await createMigratedDatabase();
  running = createConsole(
    consoleSettings(lake.settings, {
      bootstrapKey: "lensai_bootstrap_key_3",
      controlToken: TOKEN,
      databaseUrl,
    }),
  );
  running.start();
  await running.databaseReady(15_000);
});

afterAll(async () => {
  await running.stop();
  await lake.remove();
});

type Handler = (event: never) => Response | Promise<Response>;

const call = async (handler: Handler, path: string, init: RequestInit): Promise<Response> => {
  const url = new URL(path, "http://localhost");
  const request = new Request(url, init);
  return handler({ request, url, params: {}, locals: { console: running } } as never);
};
const make = (body: unknown, headers: HeadersInit = { authorization }): Promise<Response> =>
  call(postBudget, "/internal/budgets", { method: "POST", headers, body: JSON.stringify(body) });
const ledgersOf = (query: string, headers: HeadersInit = { authorization }): Promise<Response> =>
  call(getLedgers, `/internal/ledgers?${query}`, { headers });

const budget = (name: string) => ({
  projectId: "default",
  name,
  limitNanoUsd: "5000000000",
  period: { kind: "total", startsAt: STARTS_AT },
  mode: "enforce",
});

test("a budget is made with the control token, and its ledger tells what leases hold", async () => {
  const made = await make(budget("held"));
  expect(made.status).toBe(201);
  const { budgetId } = (await made.json()) as { budgetId: string };
  const query = `projectId=default&budgetId=${budgetId}`;
  expect(await (await ledgersOf(query)).json()).toEqual({ ledgers: [] });
  await exchangeLeases(running.services, {
    requests: [
      {
        projectId: "default",
        instanceId: "instance-1",
        sequence: 1,
        leases: [
          {
            leaseId: "instance-1.1",
            budgetId,
            periodStartsAt: STARTS_AT,
            grantedNanoUsd: "0",
            spentNanoUsd: "0",
            reservedNanoUsd: "0",
            incurredNanoUsd: "0",
            uncertainNanoUsd: "0",
            needNanoUsd: "70000000",
            wantNanoUsd: "0",
            isFinal: false,
          },
        ],
      },
    ],
  });
  expect(await (await ledgersOf(query)).json()).toMatchObject({
    ledgers: [{ settledNanoUsd: "0", heldNanoUsd: "70000000", liveLeases: 1 }],
  });
});

test("a budget is refused with the reason, and nothing is done without the token", async () => {
  await make(budget("twice"));
  const problems: readonly (readonly [unknown, number, string])[] = [
    [budget("twice"), 409, "twice"],
    [{ ...budget("other"), projectId: "nowhere" }, 404, "there is no project"],
    [{ ...budget("other"), limitNanoUsd: "-1" }, 400, "limitNanoUsd"],
    [undefined, 400, "expected object"],
  ];
  for (const [body, status, text] of problems) {
    const response = await make(body);
    expect(response.status).toBe(status);
    expect(((await response.json()) as { detail: string }).detail).toContain(text);
    expect((await make(body, {})).status).toBe(401);
  }
  expect((await ledgersOf("projectId=default")).status).toBe(400);
  expect((await ledgersOf("projectId=default&budgetId=bud_1", {})).status).toBe(401);
});
