import * as fc from "fast-check";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { toCursor } from "#lib/server/api/paging.ts";
import { API_ROUTES } from "#lib/server/api/routes.ts";
import { alertEvents } from "#lib/server/db/schema/alert-events.ts";
import { billingLines } from "#lib/server/db/schema/billing.ts";
import { budgetOverrides } from "#lib/server/db/schema/budgets.ts";
import { killSwitches } from "#lib/server/db/schema/kill-switches.ts";
import { createAlertChannel } from "#lib/server/services/alerts/create-channel.ts";
import { createChannelSchema } from "#lib/server/services/alerts/schemas.ts";
import { createApiKey } from "#lib/server/services/api-keys/create.ts";
import { revokeApiKey } from "#lib/server/services/api-keys/revoke.ts";
import { setBillingCustomer } from "#lib/server/services/billing/customers.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import { inviteMember } from "#lib/server/services/members/invite.ts";
import { recordPrices } from "#lib/server/services/prices/record.ts";
import { priceStatementSchema } from "#lib/server/services/prices/schemas.ts";
import { createSigningSecret } from "#lib/server/services/signing-secrets/create.ts";
import { createMember, createTenant, startApi, type ApiUnderTest } from "../support/api-client.ts";
import { callRow } from "../support/sample-lake.ts";

const COUNT = 5;
/** Several of each happened at once: only their ids tell them apart. */
const timeOf = (index: number): Date =>
  new Date(Date.UTC(2026, 10, 20) + Math.floor(index / 2) * 1000);
const DAY_MS = 86_400_000;
/** Before the day that alerts look back on: calls without a price would else be told of between two pages of them. */
const STARTED = Date.now() - 2 * DAY_MS;
const WITH_CALLS = new URLSearchParams({
  from: new Date(STARTED - DAY_MS).toISOString(),
  to: new Date(STARTED + DAY_MS).toISOString(),
}).toString();
const numbers = Array.from({ length: COUNT }, (_, index) => index);

let api: ApiUnderTest;
let budgetId = "";

beforeAll(async () => {
  api = await startApi();
  const { services, alerts } = api.console;
  for (const index of numbers) await createTenant(api.console, `tenant-${index}`);
  for (const index of numbers) {
    const terms = { name: `budget ${index}`, limitNanoUsd: "5000000000" };
    const budget = createBudgetSchema.parse({ projectId: "tenant-0", ...terms });
    const made = await createBudget(services, budget, "tester");
    if (made.kind === "created") budgetId = made.budget.id;
    const channel = { type: "email", addresses: ["a@example.com"], name: "same name" } as const;
    const rules = { kinds: ["budget.exceeded"], minimumSeverity: "info" } as const;
    const whole = createChannelSchema.parse({ projectId: "tenant-0", ...channel, ...rules });
    await createAlertChannel(alerts.context, whole, "tester");
    const key = { projectId: "tenant-0", scopes: ["read"] } as const;
    const { id: keyId } = await createApiKey(services, key, "tester");
    if (index % 2 === 0) {
      await revokeApiKey(services, { projectId: "tenant-0", keyId }, "tester");
    }
    await createSigningSecret(services, { projectId: "tenant-0" }, "tester");
    const payer = { projectId: "tenant-0", tenant: `payer ${index}`, customerId: "cus_1" };
    await setBillingCustomer(services, payer, "tester");
    const prices = { provider: "vllm", model: `own-${index}`, multiplier: "1", source: "a test" };
    const statements = [priceStatementSchema.parse(prices)];
    await recordPrices(services, { projectId: "tenant-0", statements }, "tester");
    await createMember(api.console, "tenant-0", "viewer");
    const guest = { email: `guest-${index}@example.com`, role: "viewer" } as const;
    const organization = { organizationId: "tenant-0", actor: "tester", userId: null } as const;
    const grantor = { ...organization, role: "owner" } as const;
    await inviteMember(services, { ...guest, isSentByMail: true }, grantor);
  }
  await services.db.insert(budgetOverrides).values(
    numbers.map((index) => ({
      id: `override-${index}`,
      budgetId,
      projectId: "tenant-0",
      limitNanoUsd: 9n,
      reason: "a test",
      startsAt: timeOf(0),
      endsAt: timeOf(index),
      createdAt: timeOf(0),
      createdBy: "tester",
    })),
  );
  const stopped = { projectId: "tenant-0", scope: {}, reason: "a test", triggeredBy: "tester" };
  const end = { releasedBy: "tester", releaseReason: "a test" };
  await services.db.insert(killSwitches).values(
    numbers.flatMap((index) => [
      { ...stopped, id: `on-${index}`, triggeredAt: timeOf(index) },
      { ...stopped, ...end, id: `off-${index}`, triggeredAt: timeOf(0), releasedAt: timeOf(index) },
    ]),
  );
  await services.db.insert(billingLines).values(
    numbers.map((index) => ({
      projectId: "tenant-0",
      tenant: `payer ${index}`,
      day: "2026-11-20",
      customerId: "cus_1",
      markupBasisPoints: 0,
      calls: 1,
      unpricedCalls: 0,
      costNanoUsd: 1000n,
      estimatedNanoUsd: 0n,
      amountNanoUsd: 1000n,
      amountMicroUsd: 1n,
      revision: 1,
      changedAt: timeOf(0),
    })),
  );
  await services.db.insert(alertEvents).values(
    numbers.map((index) => ({
      id: `alert-${index}`,
      projectId: "tenant-0",
      key: String(index),
      kind: "test" as const,
      severity: "info" as const,
      details: { channelName: "x" },
      occurredAt: timeOf(index),
    })),
  );
  await api.land(
    numbers.map((index) =>
      callRow(STARTED + index, {
        project_id: "tenant-0",
        span_id: `b7ad6b716920333${index}`,
        record_ordinal: BigInt(index),
        service_name: `service ${index}`,
        request_model: `nothing-${index}`,
        response_model: `nothing-${index}`,
        cost_nano_usd: null,
      }),
    ),
  );
});
afterAll(() => api.stop());

const OF_PROJECT = "/projects/tenant-0";
const OF_ORGANIZATION = "/organizations/tenant-0";

/** Every list, its path, and where its entries are. */
const LISTS: Readonly<Record<string, () => string>> = {
  listProjects: () => "/projects",
  listOrganizations: () => "/organizations",
  listMembers: () => `${OF_ORGANIZATION}/members`,
  listInvitations: () => `${OF_ORGANIZATION}/invitations`,
  listOrganizationAuditEntries: () => `${OF_ORGANIZATION}/audit`,
  listApiKeys: () => `${OF_PROJECT}/keys`,
  listSigningSecrets: () => `${OF_PROJECT}/signing-secrets`,
  listBudgets: () => `${OF_PROJECT}/budgets`,
  listBudgetOverrides: () => `${OF_PROJECT}/budgets/${budgetId}/overrides`,
  listKillSwitches: () => `${OF_PROJECT}/kill-switches?state=active`,
  listAlerts: () => `${OF_PROJECT}/alerts`,
  listAlertChannels: () => `${OF_PROJECT}/alert-channels`,
  listBillingCustomers: () => `${OF_PROJECT}/billing/customers`,
  listBillingCharges: () => `${OF_PROJECT}/billing/charges?month=2026-11`,
  listCalls: () => `${OF_PROJECT}/calls?${WITH_CALLS}`,
  listUnpricedModels: () => `${OF_PROJECT}/prices/unknown?${WITH_CALLS}`,
  listPriceOverrides: () => `${OF_PROJECT}/prices/overrides`,
  getSources: () => `${OF_PROJECT}/sources?${WITH_CALLS}`,
  listAuditEntries: () => `${OF_PROJECT}/audit`,
};

/** Rankings that are cut where nobody looks any more, and one trace: their answers say how much they leave out. */
const CUT = new Set(["getCost", "getCostChanges", "getCostTable", "getLatency", "getTrace"]);

const fieldsOf = (schema: z.ZodType | undefined): string[] =>
  schema instanceof z.ZodObject ? Object.keys(schema.shape) : [];

test("whatever answers with a list has pages, and every list of pages is tried below", () => {
  const paged = API_ROUTES.filter(({ success }) => fieldsOf(success.schema).includes("nextCursor"));
  const lists = API_ROUTES.filter(({ success }) => fieldsOf(success.schema).includes("items"));
  const names = paged.map(({ operationId }) => operationId);
  expect(lists.map(({ operationId }) => operationId).filter((name) => !CUT.has(name))).toEqual(
    names.filter((name) => name !== "getSources"),
  );
  expect(Object.keys(LISTS).toSorted()).toEqual(names.toSorted());
  for (const { query } of paged) {
    expect(fieldsOf(query)).toEqual(expect.arrayContaining(["limit", "cursor"]));
  }
});

interface Page {
  readonly items?: readonly unknown[];
  readonly producers?: readonly unknown[];
  readonly nextCursor: string | null;
}

async function pageAt(path: string, query: Readonly<Record<string, string>>): Promise<Page> {
  const asked = new URLSearchParams(query).toString();
  const answer = await api.ask("GET", `${path}${path.includes("?") ? "&" : "?"}${asked}`);
  expect({ status: answer.status, text: answer.text }).toMatchObject({ status: 200 });
  return answer.json;
}

/** Every page from the first one to the last one. */
async function walk(path: string, limit: number): Promise<unknown[]> {
  const entries: unknown[] = [];
  let cursor: string | null = null;
  do {
    const place: Record<string, string> = cursor === null ? {} : { cursor };
    const page: Page = await pageAt(path, { limit: String(limit), ...place });
    const { items = page.producers ?? [] } = page;
    expect(items.length).toBeLessThanOrEqual(limit);
    entries.push(...items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  return entries;
}

test.each([
  ...Object.entries(LISTS),
  ["listKillSwitches", () => `${OF_PROJECT}/kill-switches?state=released`] as const,
])("%s comes page by page: every entry once, in the same order", async (_, pathOf) => {
  const path = pathOf();
  const whole = await walk(path, 1000);
  expect(whole.length).toBeGreaterThanOrEqual(COUNT);
  for (const limit of [1, 2, 3]) expect(await walk(path, limit)).toEqual(whole);
});

test("a page is the same until something in it changes", async () => {
  const path = `${OF_PROJECT}/budgets?limit=2`;
  const first = await api.ask("GET", path);
  const etag = first.headers.get("etag") ?? "";
  const again = await api.ask("GET", path, { headers: { "if-none-match": etag } });
  expect([again.status, again.text]).toEqual([304, ""]);
  const [budget] = (first.json as { items: { id: string }[] }).items;
  await api.ask("PATCH", `${OF_PROJECT}/budgets/${budget?.id}`, {
    body: { notes: "changed" },
    headers: { "if-match": "*" },
  });
  const changed = await api.ask("GET", path, { headers: { "if-none-match": etag } });
  expect(changed.status).toBe(200);
});

test("a cursor that no list can have given is refused, and never a fault", async () => {
  const places: (readonly (string | number | null)[])[] = [
    [],
    ["\u0000", "x"],
    ["\uD800", "x"],
    [1, 2, 3],
    [0, -1, "x"],
    [2, 0, "x"],
    [0, 9e15, "x"],
    [9e15, "x"],
    [1e300, "x"],
    [null, null],
    ["x", "1", "9".repeat(60)],
    ["a".repeat(700), "x"],
  ];
  for (const pathOf of Object.values(LISTS)) {
    const path = pathOf();
    for (const place of places) {
      const cursor = toCursor(place).slice(0, 1024);
      const answer = await api.ask(
        "GET",
        `${path}${path.includes("?") ? "&" : "?"}cursor=${cursor}`,
      );
      expect([path, place, answer.status]).toEqual([path, place, 400]);
    }
  }
});

test("what comes or goes meanwhile neither repeats nor hides an entry", async () => {
  const { db } = api.console.services;
  await createTenant(api.console, "busy");
  let made = 0;
  const add = async (secondsAgo: number): Promise<string> => {
    const id = `busy-${(made += 1)}`;
    const triggeredAt = new Date(Date.UTC(2026, 10, 20) + secondsAgo * 1000);
    const stopped = { projectId: "busy", scope: {}, reason: "x", triggeredBy: "tester" };
    await db.insert(killSwitches).values({ ...stopped, id, triggeredAt });
    return id;
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 8 }),
      fc.integer({ min: 1, max: 3 }),
      async (before, meanwhile, limit) => {
        await db.delete(killSwitches);
        const stays: string[] = [];
        for (const second of before) stays.push(await add(second));
        const goes = await add(1);
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const place: Record<string, string> = cursor === null ? {} : { cursor };
          const path = "/projects/busy/kill-switches";
          const page: Page = await pageAt(path, { limit: String(limit), ...place });
          seen.push(...(page.items as { id: string }[]).map(({ id }) => id));
          cursor = page.nextCursor;
          const second = meanwhile.pop();
          if (second !== undefined) await add(second);
          await db.delete(killSwitches).where(eq(killSwitches.id, goes));
        } while (cursor !== null);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen).toEqual(expect.arrayContaining(stays));
      },
    ),
    { numRuns: 25 },
  );
});
