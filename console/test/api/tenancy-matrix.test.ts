import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROLES, roleMay } from "#lib/server/access/permissions.ts";
import { ANONYMOUS, LOCAL_OWNER, scopesMay } from "#lib/server/access/principal.ts";
import { hasProject, type ApiRoute } from "#lib/server/api/route.ts";
import { API_ROUTES } from "#lib/server/api/routes.ts";
import { triggerKillSwitch } from "#lib/server/services/kill-switches/trigger.ts";
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

/** What makes each route answer with success. A route that is missing here fails the test below. */
interface Example {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Creates what the request is about; answers its path parameters. */
  readonly prepare?: () => Promise<Readonly<Record<string, string>>>;
}

let api: ApiUnderTest;
let created = 0;
const started = Date.now() - 60_000;
const record = callRow(started, { project_id: "own" });
const text = (name: string): string => String(record[name]);
const TRACE = { traceId: text("trace_id") };

const EXAMPLES: Readonly<Record<string, Example>> = {
  listProjects: {},
  createProject: { body: () => ({ id: `new-${(created += 1)}`, name: "New" }) },
  getProject: {},
  updateProject: { body: { name: "Own" }, headers: { "if-match": "*" } },
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
  getLatency: {},
  getSeries: {},
  listCalls: {},
  getCall: { params: { ...TRACE, spanId: text("span_id") } },
  getRecord: { params: { batchId: text("batch_id"), recordOrdinal: text("record_ordinal") } },
  getTrace: { params: TRACE },
  exportCalls: {},
  getPrice: { query: "?model=gpt-4o&provider=openai" },
  listUnpricedModels: {},
  getSources: {},
  listAuditEntries: {},
  getControlPolicy: {},
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
  api = await startApi();
  for (const id of ["own", "foreign"]) await createTenant(api.console, id);
  await api.lake.land([record, callRow(started, { project_id: "foreign" })]);
  for (const role of ROLES) options.set(role, { as: await createMember(api.console, "own", role) });
  for (const scope of ["read", "control", "ingest"] as const) {
    // A key never falls back to who would be asking without it.
    const key = await createKey(api.console, "own", [scope]);
    options.set(`key with ${scope}`, { key, as: LOCAL_OWNER });
  }
});
afterAll(() => api.stop());

async function ask(
  route: ApiRoute,
  projectId: string,
  { as, key }: AskOptions,
): ReturnType<ApiUnderTest["ask"]> {
  const example = EXAMPLES[route.operationId] ?? {};
  const params: Record<string, string> = { projectId, ...example.params };
  if (example.prepare !== undefined) Object.assign(params, await example.prepare());
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

const projectRoutes = API_ROUTES.filter((route) => hasProject(route));

describe.each(askers.map((asker) => [asker.name, asker] as const))("%s", (_, asker) => {
  test.each(projectRoutes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    "%s",
    async (__, route) => {
      const own = await ask(route, "own", asker.options());
      const expected = asker.may(route) ? route.success.status : 403;
      expect({ status: own.status, text: own.text }).toMatchObject({ status: expected });
      const foreign = await ask(route, "foreign", asker.options());
      const none = await ask(route, "nowhere", asker.options());
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
      ["own", "nowhere"].map((projectId) => ask(route, projectId, { as: ANONYMOUS })),
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
      expect((await ask(route, "own", as)).status).toBe(route.success.status);
    }
  },
);

async function projectsOf(asker: string): Promise<unknown> {
  return (await api.ask("GET", "/projects", options.get(asker))).json;
}

test("lists only projects that the caller has a part in", async () => {
  const own = { items: [{ id: "own", name: "Own" }] };
  expect(await projectsOf("viewer")).toEqual(own);
  expect(await projectsOf("key with read")).toEqual(own);
});
