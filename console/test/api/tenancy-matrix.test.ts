import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROLES, roleMay } from "#lib/server/access/permissions.ts";
import { ANONYMOUS, LOCAL_OWNER, scopesMay } from "#lib/server/access/principal.ts";
import { hasOrganization, hasProject, type ApiRoute } from "#lib/server/api/route.ts";
import { API_ROUTES } from "#lib/server/api/routes.ts";
import { billingLines, billingSetups } from "#lib/server/db/schema/billing.ts";
import { createAlertChannel } from "#lib/server/services/alerts/create-channel.ts";
import { createChannelSchema } from "#lib/server/services/alerts/schemas.ts";
import { createApiKey } from "#lib/server/services/api-keys/create.ts";
import { setBillingCustomer } from "#lib/server/services/billing/customers.ts";
import { createBilling } from "#lib/server/services/billing/setup.ts";
import { createBudget } from "#lib/server/services/budgets/create.ts";
import { createOverride } from "#lib/server/services/budgets/create-override.ts";
import { createBudgetSchema } from "#lib/server/services/budgets/schemas.ts";
import { inviteMember } from "#lib/server/services/members/invite.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import { createSigningSecret } from "#lib/server/services/signing-secrets/create.ts";
import {
  CONTROL_TOKEN_OF_TEST,
  createKey,
  createMember,
  createTenant,
  startApi,
  type ApiUnderTest,
  type AskOptions,
} from "../support/api-client.ts";
import { callRow } from "../support/sample-lake.ts";
import { startStripeServer, STRIPE_KEY, type StripeServer } from "../support/stripe-server.ts";

/** What makes each route answer with success. A route that is missing here fails the test below. */
interface Example {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Creates what the request is about; answers its path parameters. */
  readonly prepare?: () => Promise<Readonly<Record<string, string>>>;
  /** The caller is gone afterwards: each is somebody new. */
  readonly isLast?: boolean;
  /** For those who need no membership, where that makes a difference. */
  readonly statusWithoutMembership?: number;
}

let api: ApiUnderTest;
let stripe: StripeServer;
let created = 0;
const started = Date.now() - 60_000;
const record = callRow(started, { project_id: "own" });
const next = (): number => (created += 1);
const text = (name: string): string => String(record[name]);
const TRACE = { traceId: text("trace_id") };

const ANY_VERSION = { "if-match": "*" };
/** Nothing is sent to it: this console has no mail server. */
const CHANNEL = {
  type: "email",
  addresses: ["team@example.com"],
  name: "team",
  kinds: ["budget.exceeded"],
  minimumSeverity: "info",
} as const;

async function memberOfOwn(): Promise<{ userId: string }> {
  const member = await createMember(api.console, "own", "viewer");
  return { userId: "userId" in member ? member.userId : "" };
}

/** Not the one that everything else is about. */
async function projectOfOwn(): Promise<{ projectId: string }> {
  const id = `new-${next()}`;
  await ensureProject(api.console.services, { id, name: "New", organizationId: "own" });
  return { projectId: id };
}

async function budgetOfOwn(): Promise<{ budgetId: string }> {
  const terms = { name: `budget ${next()}`, limitNanoUsd: "5000000000" };
  const input = createBudgetSchema.parse({ projectId: "own", ...terms });
  const made = await createBudget(api.console.services, input, "tester");
  return { budgetId: made.kind === "created" ? made.budget.id : "" };
}

let kept: Promise<{ budgetId: string }> | undefined;

/** The same for all who leave it there: each budget makes every later snapshot larger. */
const keptBudgetOfOwn = (): Promise<{ budgetId: string }> => (kept ??= budgetOfOwn());

async function channelOfOwn(): Promise<{ channelId: string }> {
  const input = createChannelSchema.parse({ projectId: "own", ...CHANNEL });
  const { id } = await createAlertChannel(api.console.alerts.context, input, "tester");
  return { channelId: id };
}

const BILLING = { stripeKey: STRIPE_KEY, startsOn: "2026-11-01" } as const;

async function noBillingOfOwn(): Promise<Record<string, never>> {
  await api.console.services.db.delete(billingSetups);
  return {};
}

async function billingOfOwn(): Promise<Record<string, never>> {
  const terms = { ...BILLING, eventName: "ai_usage", markupBasisPoints: 0 };
  await createBilling(api.console.billing.context, { projectId: "own", ...terms }, "tester");
  return {};
}

async function payerOfOwn(): Promise<{ tenant: string }> {
  const tenant = `tenant-${next()}`;
  const input = { projectId: "own", tenant, customerId: "cus_1" };
  await setBillingCustomer(api.console.services, input, "tester");
  return { tenant };
}

const CHARGED = "?tenant=acme&month=2026-11";

async function keyOfOwn(): Promise<{ keyId: string }> {
  const input = { projectId: "own", scopes: ["ingest"] } as const;
  const { id } = await createApiKey(api.console.services, input, "tester");
  return { keyId: id };
}

const EXAMPLES: Readonly<Record<string, Example>> = {
  listProjects: {},
  createProject: { body: () => ({ id: `new-${next()}`, name: "New" }) },
  listOrganizations: {},
  createOrganization: { body: { name: "Another" } },
  getOrganization: {},
  renameOrganization: { body: { name: "own" }, headers: ANY_VERSION },
  leaveOrganization: { isLast: true, statusWithoutMembership: 409 },
  listOrganizationAuditEntries: {},
  exportOrganizationAuditLog: {},
  listMembers: {},
  changeMemberRole: { body: { role: "viewer" }, prepare: () => memberOfOwn() },
  removeMember: { prepare: () => memberOfOwn() },
  listInvitations: {},
  inviteMember: { body: () => ({ email: `guest-${next()}@example.com`, role: "viewer" }) },
  cancelInvitation: {
    prepare: async () => {
      const email = `guest-${next()}@example.com`;
      const input = { email, role: "viewer", isSentByMail: true } as const;
      const grantor = {
        organizationId: "own",
        actor: "tester",
        role: "owner",
        userId: null,
      } as const;
      const invited = await inviteMember(api.console.services, input, grantor);
      return { invitationId: "invitationId" in invited ? invited.invitationId : "" };
    },
  },
  listBudgets: {},
  createBudget: { body: () => ({ name: `budget ${next()}`, limitNanoUsd: "5000000000" }) },
  getBudget: { prepare: () => keptBudgetOfOwn() },
  updateBudget: { body: { clamp: true }, headers: ANY_VERSION, prepare: () => keptBudgetOfOwn() },
  deleteBudget: { headers: ANY_VERSION, prepare: () => budgetOfOwn() },
  getBudgetFigures: { prepare: () => keptBudgetOfOwn() },
  getStoppedCalls: { prepare: () => keptBudgetOfOwn() },
  backtestBudget: { prepare: () => keptBudgetOfOwn() },
  backtestProposedBudget: { body: { limitNanoUsd: "5000000000" } },
  listBudgetOverrides: { prepare: () => keptBudgetOfOwn() },
  createBudgetOverride: {
    body: () => ({
      limitNanoUsd: "9000000000",
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      reason: "a test",
    }),
    prepare: () => budgetOfOwn(),
  },
  endBudgetOverride: {
    prepare: async () => {
      const { budgetId } = await budgetOfOwn();
      const endsAt = new Date(Date.now() + 3_600_000).toISOString();
      const terms = { limitNanoUsd: 9_000_000_000n, endsAt, reason: "a test" };
      const input = { projectId: "own", budgetId, ...terms };
      const made = await createOverride(api.console.services, input, "tester");
      return { budgetId, overrideId: "overrideId" in made ? made.overrideId : "" };
    },
  },
  listAlerts: {},
  listAlertChannels: {},
  createAlertChannel: { body: CHANNEL },
  getAlertChannel: { prepare: () => channelOfOwn() },
  updateAlertChannel: { body: CHANNEL, headers: ANY_VERSION, prepare: () => channelOfOwn() },
  removeAlertChannel: { prepare: () => channelOfOwn() },
  testAlertChannel: { prepare: () => channelOfOwn() },
  getBilling: { prepare: () => billingOfOwn() },
  createBilling: { body: BILLING, prepare: () => noBillingOfOwn() },
  updateBilling: {
    body: { isPaused: true },
    headers: ANY_VERSION,
    prepare: () => billingOfOwn(),
  },
  listBillingCustomers: {},
  setBillingCustomer: { body: { customerId: "cus_1" }, prepare: () => payerOfOwn() },
  removeBillingCustomer: { prepare: () => payerOfOwn() },
  listBillingCharges: { query: "?month=2026-11" },
  getBillingDays: { query: CHARGED },
  getBillingStatement: { query: CHARGED },
  getProject: {},
  updateProject: { body: { name: "Own" }, headers: ANY_VERSION },
  archiveProject: { prepare: () => projectOfOwn() },
  restoreProject: { prepare: () => projectOfOwn() },
  listApiKeys: {},
  createApiKey: { body: { name: "a test", scopes: ["read"] } },
  rotateApiKey: { body: { overlapSeconds: 60 }, prepare: () => keyOfOwn() },
  revokeApiKey: { prepare: () => keyOfOwn() },
  listSigningSecrets: {},
  createSigningSecret: { body: {} },
  revokeSigningSecret: {
    prepare: async () => {
      const input = { projectId: "own" };
      const { keyId } = await createSigningSecret(api.console.services, input, "tester");
      return { keyId };
    },
  },
  listKillSwitches: {},
  triggerKillSwitch: { body: { scope: { team: "x" }, reason: "a test" } },
  previewKillSwitch: { body: { scope: { team: "x" } } },
  releaseKillSwitch: {
    body: { reason: "a test" },
    prepare: async () => {
      const input = { projectId: "own", scope: {}, reason: "a test" };
      const { id } = await triggerKillSwitch(api.console.services, input, "tester");
      return { killSwitchId: id };
    },
  },
  getSummary: {},
  getCost: {},
  getCostTable: {},
  getCostChanges: {},
  getLatency: {},
  getSeries: {},
  listCalls: {},
  getCall: { params: { ...TRACE, spanId: text("span_id") } },
  getRecord: { params: { batchId: text("batch_id"), recordOrdinal: text("record_ordinal") } },
  getTrace: { params: TRACE },
  exportCalls: {},
  getPrice: { query: "?model=gpt-4o&provider=openai" },
  listUnpricedModels: {},
  listPriceOverrides: {},
  setPrices: {
    body: () => ({
      overrides: [
        { provider: "vllm", model: `own-${next()}`, prices: { input_mtok: 1 }, source: "a test" },
      ],
    }),
  },
  reconcile: {
    body: {
      files: [
        { name: "costs.csv", text: "day,provider,model,requests\n2026-11-01,openai,gpt-5,1" },
      ],
      of: "organization",
    },
  },
  getSources: {},
  listAuditEntries: {},
  exportAuditLog: {},
  getControlPolicy: {},
  getProcesses: {},
  startDrill: {},
  getOpenApi: {},
};

interface Asker {
  readonly name: string;
  readonly options: () => AskOptions;
  readonly may: (route: ApiRoute) => boolean;
}

const askers: Asker[] = [];
const options = new Map<string, AskOptions>();
const withPermission =
  (may: (permission: never) => boolean) =>
  ({ permission }: ApiRoute): boolean =>
    may(permission as never);

for (const role of ROLES) {
  const may = withPermission((permission) => roleMay(role, permission));
  askers.push({ name: role, options: () => options.get(role) ?? {}, may });
}
for (const scope of ["read", "control", "ingest"] as const) {
  const name = `key with ${scope}`;
  const may = withPermission((permission) => scopesMay([scope], permission));
  askers.push({ name, options: () => options.get(name) ?? {}, may });
}

beforeAll(async () => {
  stripe = await startStripeServer();
  stripe.customers.add("cus_1");
  api = await startApi({ stripeApiUrl: stripe.url });
  for (const id of ["own", "foreign"]) await createTenant(api.console, id);
  await api.console.services.db.insert(billingLines).values({
    projectId: "own",
    tenant: "acme",
    day: "2026-11-20",
    customerId: "cus_1",
    markupBasisPoints: 0,
    calls: 1,
    unpricedCalls: 0,
    costNanoUsd: 1n,
    estimatedNanoUsd: 0n,
    amountNanoUsd: 1n,
    amountMicroUsd: 0n,
    revision: 1,
    changedAt: new Date(started),
  });
  await api.land([record, callRow(started, { project_id: "foreign" })]);
  for (const role of ROLES) options.set(role, { as: await createMember(api.console, "own", role) });
  for (const scope of ["read", "control", "ingest"] as const) {
    // A key never falls back to who would be asking without it.
    const key = await createKey(api.console, "own", [scope]);
    options.set(`key with ${scope}`, { key, as: LOCAL_OWNER });
  }
});
afterAll(() => Promise.all([api.stop(), stripe.stop()]));

interface Asked extends AskOptions {
  readonly of: string;
  /** Whoever is not let in finds nothing out, whether or not it is there: nothing needs to be. */
  readonly isAdmitted: boolean;
}

async function ask(
  route: ApiRoute,
  { of: projectId, isAdmitted, as, key }: Asked,
): ReturnType<ApiUnderTest["ask"]> {
  const example = EXAMPLES[route.operationId] ?? {};
  const place = { projectId, organizationId: projectId };
  const params: Record<string, string> = { ...place, ...example.params };
  if (isAdmitted && example.prepare !== undefined) Object.assign(params, await example.prepare());
  const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => params[name] ?? "x");
  const body: unknown = typeof example.body === "function" ? example.body() : example.body;
  return api.ask(route.method, `${path}${example.query ?? ""}`, {
    body,
    headers: example.headers ?? {},
    ...(as !== undefined && { as }),
    key,
  });
}

/** Without what names the request itself. */
const bodyOf = (body: string, projectId: string): string =>
  body.replaceAll(`\\"${projectId}\\"`, "<project>");

test("every route has an example, and no example is of no route", () => {
  const names = API_ROUTES.map(({ operationId }) => operationId).sort();
  expect(Object.keys(EXAMPLES).sort()).toEqual(names);
});

const ownedRoutes = API_ROUTES.filter((route) => hasProject(route) || hasOrganization(route));

/** Keys belong to a project, and have no part in its organisation. */
function expectedStatus(route: ApiRoute, asker: Asker): number {
  if (hasOrganization(route) && asker.name.startsWith("key")) return 404;
  return asker.may(route) ? route.success.status : 403;
}

async function callerOf(route: ApiRoute, asker: Asker): Promise<AskOptions> {
  const role = ROLES.find((each) => each === asker.name);
  if (EXAMPLES[route.operationId]?.isLast !== true || role === undefined) return asker.options();
  // An owner may leave when another one stays.
  return { as: await createMember(api.console, "own", role) };
}

describe.each(askers.map((asker) => [asker.name, asker] as const))("%s", (_, asker) => {
  test.each(ownedRoutes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "%s",
    async (__, route) => {
      const expected = expectedStatus(route, asker);
      const by = await callerOf(route, asker);
      const own = await ask(route, { ...by, of: "own", isAdmitted: expected < 300 });
      expect({ status: own.status, text: own.text }).toMatchObject({ status: expected });
      const foreign = await ask(route, { ...by, of: "foreign", isAdmitted: false });
      const none = await ask(route, { ...by, of: "nowhere", isAdmitted: false });
      expect([foreign.status, none.status]).toEqual([404, 404]);
      expect(bodyOf(foreign.text, "foreign")).toBe(bodyOf(none.text, "nowhere"));
      expect([...foreign.headers.keys()]).toEqual([...none.headers.keys()]);
    },
  );
});

test.each(API_ROUTES.map((route) => [route.operationId, route] as const))(
  "whoever does not say who he is learns nothing from %s",
  async (_, route) => {
    const answers = await Promise.all(
      ["own", "nowhere"].map((of) => ask(route, { of, as: ANONYMOUS, isAdmitted: false })),
    );
    const expected = route.permission === "anyone" ? 200 : 401;
    expect(answers.map(({ status }) => status)).toEqual([expected, expected]);
    expect(bodyOf(answers[0]?.text ?? "", "own")).toBe(bodyOf(answers[1]?.text ?? "", "nowhere"));
  },
);

test.each(API_ROUTES.map((route) => [route.operationId, route] as const))(
  "the deployment's token and the owner at the machine may use %s",
  async (_, route) => {
    for (const as of [{ key: CONTROL_TOKEN_OF_TEST, as: ANONYMOUS }, { as: LOCAL_OWNER }]) {
      const answer = await ask(route, { ...as, of: "own", isAdmitted: true });
      const { statusWithoutMembership = route.success.status } = EXAMPLES[route.operationId] ?? {};
      expect(answer.status).toBe(statusWithoutMembership);
    }
  },
);

async function projectsOf(asker: string): Promise<unknown> {
  return (await api.ask("GET", "/projects", options.get(asker))).json;
}

test("lists only projects that the caller has a part in", async () => {
  const own = { id: "own", name: "Own" };
  expect(await projectsOf("key with read")).toEqual({ items: [own], nextCursor: null });
  const { items } = (await projectsOf("viewer")) as { items: { id: string }[] };
  expect(items).toContainEqual(own);
  expect(items.map(({ id }) => id).filter((id) => !/^(?:own|new-\d+)$/.test(id))).toEqual([]);
});
