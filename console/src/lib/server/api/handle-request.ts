import { LensError } from "@lensai/otel-config/errors";
import { logError } from "../log.ts";
import type { OrganizationGrant } from "../access/organization.ts";
import type { Principal } from "../access/principal.ts";
import { answerOf, problemResponse, streamResponse, toResponse } from "./answer.ts";
import { toApiProblem } from "./api-errors.ts";
import {
  checkOrganizationAccess,
  checkProjectAccess,
  credentialOf,
  identifyCaller,
  refuseAnonymous,
} from "./caller.ts";
import { expectedVersionOf, isStill } from "./etag.ts";
import { doOnce, idempotencyKeyOf } from "./idempotency.ts";
import { matchRoute, type PathParams } from "./match-route.ts";
import { rateHeaders, type RatePolicy, type RateVerdict } from "./rate-limit.ts";
import { parsePart, parseQuery, readBody } from "./read-input.ts";
import { isRead, type ApiRequest, type ApiRoute } from "./route.ts";
import { API_PATH } from "../../api-path.ts";
import { API_ROUTES } from "./routes.ts";

/** Everything that a request can carry fits; the rest is a loop or an attack. */
const URL_CHARACTERS_MAX = 8192;
/** A console that starts together with its database needs a moment. */
const DATABASE_WAIT_MS = 8000;

export interface IncomingRequest {
  readonly request: Request;
  readonly url: URL;
  readonly locals: App.Locals;
  /** Of the connection. */
  readonly clientAddress: string;
}

/** Answers a request to the API. Never throws: what goes wrong is a problem document with a code. */
export async function handleApiRequest(incoming: IncomingRequest): Promise<Response> {
  const headers = new Headers();
  try {
    const response = await answerRequest(incoming, headers);
    for (const [name, value] of headers) response.headers.set(name, value);
    return response;
  } catch (failure) {
    const { requestId } = incoming.locals;
    const problem = toApiProblem(failure);
    if (problem === undefined || problem.status >= 500) {
      logError("a request to the API failed", { requestId, error: failure });
    }
    return problemResponse(problem, { requestId, headers });
  }
}

async function answerRequest(incoming: IncomingRequest, headers: Headers): Promise<Response> {
  const { request, url, locals } = incoming;
  const { route, params } = routeOf(request, url, headers);
  const { settings, apiRates, services } = locals.console;
  if (route.permission !== "anyone" && !(await locals.console.databaseReady(DATABASE_WAIT_MS))) {
    throw new LensError("api.unavailable", "the control database is not ready: ask again");
  }
  // Whoever is not let in uses up a limit of his own, and never that of somebody else's project.
  let who = `address ${incoming.clientAddress}`;
  let principal: Principal;
  let access: Access;
  try {
    principal = await identifyCaller(locals, request.headers);
    if (principal.kind !== "anonymous") who = principal.actor;
    access = await checkAccess({ ...locals, principal }, route, params);
    who = access.sharedBy ?? who;
  } finally {
    const policy = policyOf(route, settings.apiRequestsPerMinute);
    limitRate(policy, apiRates.take(policy, who, services.now().getTime()), headers);
  }
  const { organization } = access;
  return perform(route, { request, url, locals: { ...locals, principal }, organization }, params);
}

interface Access {
  /** Who shares a limit with the caller. */
  readonly sharedBy?: string;
  readonly organization?: OrganizationGrant | undefined;
}

async function checkAccess(
  locals: App.Locals,
  route: ApiRoute,
  { projectId, organizationId }: PathParams,
): Promise<Access> {
  const { permission, isForArchived } = route;
  if (permission === "anyone") return {};
  refuseAnonymous(locals.principal);
  if (permission === "known") return {};
  if (organizationId !== undefined) {
    const organization = await checkOrganizationAccess(locals, organizationId, permission);
    return { organization, sharedBy: `organisation ${organizationId}` };
  }
  if (projectId === undefined) throw new Error(`${route.path} names nothing to be allowed in`);
  await checkProjectAccess(locals, projectId, { permission, isForArchived });
  return { sharedBy: `project ${projectId}` };
}

interface AdmittedRequest extends Omit<IncomingRequest, "clientAddress"> {
  readonly organization: OrganizationGrant | undefined;
}

function routeOf(
  request: Request,
  url: URL,
  headers: Headers,
): { route: ApiRoute; params: PathParams } {
  if (url.href.length > URL_CHARACTERS_MAX) {
    throw new LensError(
      "api.uri_too_long",
      `the URL has more than ${URL_CHARACTERS_MAX} characters: ask for less at once`,
    );
  }
  const path = url.pathname.slice(API_PATH.length);
  const match = matchRoute(API_ROUTES, { method: request.method, path });
  if (match.kind === "found") return match;
  if (match.kind === "path_unknown") {
    throw new LensError(
      "api.path_unknown",
      `this API has no ${JSON.stringify(path)}: see ${API_PATH}/openapi.json`,
    );
  }
  headers.set("allow", match.allowed.join(", "));
  throw new LensError(
    "api.method_not_allowed",
    `${request.method} is not possible here, but ${match.allowed.join(", ")}`,
  );
}

const policyOf = (route: ApiRoute, requests: number): RatePolicy => ({
  name: isRead(route) ? "read" : "write",
  requests,
  windowSeconds: 60,
});

function limitRate(policy: RatePolicy, verdict: RateVerdict, headers: Headers): void {
  for (const [name, value] of Object.entries(rateHeaders(policy, verdict)))
    headers.set(name, value);
  if (verdict.isAllowed) return;
  throw new LensError(
    "api.rate_limited",
    `more than ${policy.requests} requests in a minute: ask again in ${verdict.retryAfterSeconds} s`,
    { retryable: true, retryAfterSeconds: verdict.retryAfterSeconds },
  );
}

async function perform(
  route: ApiRoute,
  { request, url, locals, organization }: AdmittedRequest,
  pathParams: PathParams,
): Promise<Response> {
  const { projectId = "", organizationId: _isChecked, ...others } = pathParams;
  const body = route.body === undefined ? undefined : await readBody(request, route.bodyBytesMax);
  const { principal } = locals;
  const apiRequest: ApiRequest = {
    caller: principal,
    projectId,
    organization,
    params: parsePart("path", route.params, others),
    query: parseQuery(route.query, url.searchParams),
    body: parsePart("body", route.body, body),
    expectedVersion: route.isEdit ? versionSeen(request.headers) : "any",
    console: locals.console,
    services: locals.console.services,
    requestId: locals.requestId,
  };
  const key = isRead(route) ? undefined : idempotencyKeyOf(request.headers.get("idempotency-key"));
  if (key === undefined) {
    const answer = await route.handle(apiRequest);
    if (answer.stream !== undefined) return streamResponse(answer.stream);
    const made = answerOf(route, answer);
    if (isRead(route)) refuseOther(request.headers.get("if-match"), made.headers["etag"]);
    return toResponse(made, request.headers.get("if-none-match"));
  }
  const credential = credentialOf(principal, request.headers);
  const fingerprint = `${route.method} ${url.pathname}${url.search} ${JSON.stringify(body)}`;
  const kept = await doOnce(
    apiRequest.services,
    { key, credential, fingerprint },
    async (services) => answerOf(route, await route.handle({ ...apiRequest, services })),
  );
  return toResponse(kept, null);
}

/** Reading changes nothing; who asks for one state only gets that or hears that it is gone. */
function refuseOther(ifMatch: string | null, etag: string | undefined): void {
  if (isStill(ifMatch, etag)) return;
  throw new LensError(
    "api.version_conflict",
    "it is not, or not any more, what If-Match names: read it again without that header",
  );
}

function versionSeen(headers: Headers): number | "any" {
  const version = expectedVersionOf(headers.get("if-match"));
  if (version !== undefined) return version;
  throw new LensError(
    "api.version_required",
    "say which version you have seen: send the ETag of what you read as If-Match, or * to change it whatever it is",
  );
}
