import { randomUUID } from "node:crypto";
import { expect } from "vitest";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import type { KeyScope } from "@lensai/otel-config/control/keys";
import type { Role } from "#lib/server/access/permissions.ts";
import { LOCAL_OWNER, type Principal } from "#lib/server/access/principal.ts";
import { errorsOf, STATUS_BY_CODE } from "#lib/server/api/api-errors.ts";
import { API_PATH } from "#lib/api-path.ts";
import { handleApiRequest } from "#lib/server/api/handle-request.ts";
import { matchRoute } from "#lib/server/api/match-route.ts";
import { API_ROUTES } from "#lib/server/api/routes.ts";
import { createConsole, type Console } from "#lib/server/console.ts";
import { members } from "#lib/server/db/schema/members.ts";
import { organizations } from "#lib/server/db/schema/organizations.ts";
import { users } from "#lib/server/db/schema/users.ts";
import { keyRow } from "#lib/server/services/api-keys/create.ts";
import { apiKeys } from "#lib/server/db/schema/api-keys.ts";
import { ensureProject } from "#lib/server/services/projects/create.ts";
import type { ConsoleSettings } from "#lib/server/settings.ts";
import { consoleSettings } from "./console-settings.ts";
import { createMigratedDatabase } from "./database.ts";
import { createSampleLake } from "./sample-lake.ts";

export const CONTROL_TOKEN_OF_TEST = "control-token-of-the-test";

/** A console with a database and a lake of its own, asked through its API. */
export interface ApiUnderTest {
  readonly console: Console;
  /** Lands rows, and has the console take them in: a look a moment before would count for half a second. */
  land(rows: readonly SpanRow[]): Promise<void>;
  /** Asks as whoever sits at the machine, unless told otherwise. */
  ask(method: string, path: string, options?: AskOptions): Promise<Answer>;
  stop(): Promise<void>;
}

export interface AskOptions {
  readonly as?: Principal;
  readonly key?: string | undefined;
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly bytes: Uint8Array;
  /** The parsed body. */
  readonly json: never;
}

export async function startApi(values: Partial<ConsoleSettings> = {}): Promise<ApiUnderTest> {
  const lake = await createSampleLake();
  const running = createConsole(
    consoleSettings(lake.settings, {
      databaseUrl: await createMigratedDatabase(),
      controlToken: CONTROL_TOKEN_OF_TEST,
      apiRequestsPerMinute: 1_000_000,
      ...values,
    }),
  );
  running.start();
  await running.databaseReady(15_000);
  return {
    console: running,
    land: async (rows) => {
      await lake.land(rows);
      await running.lake.lookForNews();
    },
    ask: (method, path, options = {}) => ask(running, { method, path, ...options }),
    stop: async () => {
      await running.stop();
      await lake.remove();
    },
  };
}

interface Asked extends AskOptions {
  readonly method: string;
  readonly path: string;
}

async function ask(running: Console, asked: Asked): Promise<Answer> {
  const { method, path, as = LOCAL_OWNER, key, body, headers = {} } = asked;
  const url = new URL(`http://localhost${API_PATH}${path}`);
  const request = new Request(url, {
    method,
    headers: {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...headers,
    },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const locals = { console: running, principal: as, requestId: "request-of-the-test" };
  const response = await handleApiRequest({ request, url, locals, clientAddress: "127.0.0.1" });
  const bytes = new Uint8Array(await response.arrayBuffer());
  const text = new TextDecoder().decode(bytes);
  const type = response.headers.get("content-type") ?? "";
  const json = (
    type.includes("json") && !type.includes("ndjson") ? JSON.parse(text) : undefined
  ) as never;
  expectDocumented({ method, path: url.pathname.slice(API_PATH.length) }, response, json);
  return { status: response.status, headers: response.headers, text, bytes, json };
}

/** No answer without its place in the document, whatever the test is about. */
function expectDocumented(
  asked: { readonly method: string; readonly path: string },
  response: Response,
  json: unknown,
): void {
  const match = matchRoute(API_ROUTES, asked);
  if (match.kind !== "found") return;
  const { route } = match;
  const { status } = response;
  const problems = errorsOf(route).map((code) => STATUS_BY_CODE[code]);
  const known: readonly number[] = [route.success.status, 304, ...problems];
  expect(known, `${route.operationId} answered ${status}: ${JSON.stringify(json)}`).toContain(
    status,
  );
  if (status < 300) route.success.schema?.parse(json);
  else if (status >= 400) expect(errorsOf(route)).toContain((json as { code: string }).code);
}

/** A key of a project, created as it is stored. */
export async function createKey(
  { services }: Console,
  projectId: string,
  scopes: readonly KeyScope[],
): Promise<string> {
  const key = `lensai_${randomUUID()}`;
  const id = `key_${randomUUID()}`;
  const createdAt = services.now();
  await services.db.insert(apiKeys).values(
    keyRow({
      id,
      key,
      prefix: "",
      projectId,
      scopes,
      createdAt,
      createdBy: "local",
      expiresAt: null,
    }),
  );
  return key;
}

/** An organisation with a project of the same name. */
export async function createTenant({ services }: Console, id: string): Promise<void> {
  const createdAt = services.now();
  await services.db.insert(organizations).values({ id, name: id, slug: id, createdAt });
  await ensureProject(services, { id, name: id, organizationId: id });
}

/** Somebody with a role in an organisation. */
export async function createMember(
  { services }: Console,
  organizationId: string,
  role: Role,
): Promise<Principal> {
  const userId = `user_${randomUUID()}`;
  const now = services.now();
  const email = `${userId}@example.com`;
  await services.db
    .insert(users)
    .values({ id: userId, name: role, email, createdAt: now, updatedAt: now });
  await services.db
    .insert(members)
    .values({ id: `member_${randomUUID()}`, organizationId, userId, role, createdAt: now });
  return {
    kind: "user",
    userId,
    email,
    name: role,
    sessionId: `session_${userId}`,
    actor: `user:${userId}`,
  };
}
