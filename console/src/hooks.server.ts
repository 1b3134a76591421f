import { randomBytes } from "node:crypto";
import { error, redirect, type RequestEvent } from "@sveltejs/kit";
import type { Handle, HandleServerError, ServerInit } from "@sveltejs/kit/hooks";
import { unauthenticated } from "#lib/server/access/authorize.ts";
import { ANONYMOUS, type Principal } from "#lib/server/access/principal.ts";
import { isDocsRoute, isPublicRoute } from "#lib/server/access/public-routes.ts";
import { resolvePrincipal } from "#lib/server/access/resolve-principal.ts";
import { signInPath } from "#lib/server/access/sign-in-path.ts";
import { DATABASE_GONE } from "#lib/server/api/api-errors.ts";
import { createConsole, type Console } from "#lib/server/console.ts";
import { DATABASE_GONE_SENTENCE, isDatabaseGone } from "#lib/server/db/database-gone.ts";
import { orWithoutDatabase } from "#lib/server/db/without-database.ts";
import { isAllowedHost } from "#lib/server/http/allowed-host.ts";
import { isCrossSite } from "#lib/server/http/cross-site.ts";
import { problemResponse, type Problem } from "#lib/server/http/problem.ts";
import { addSecurityHeaders } from "#lib/server/http/security-headers.ts";
import { logError } from "#lib/server/log.ts";
import { readSettings, refuseUnknownSettings } from "#lib/server/settings.ts";
import { parseTheme, THEME_COOKIE } from "#lib/theme.ts";

const settings = readSettings();
let running: Console | undefined;

export const init: ServerInit = () => {
  // oxlint-disable-next-line node/no-process-env -- the only way to see names that nobody declared
  refuseUnknownSettings(process.env);
  const instance = createConsole(settings);
  running = instance;
  instance.start();
  // The server waits for open responses; live streams never end by themselves.
  const endStreams = (): void => instance.endStreams();
  process.once("SIGTERM", endStreams);
  process.once("SIGINT", endStreams);
  process.once("sveltekit:shutdown", () => void instance.stop());
};

export const handle: Handle = async ({ event, resolve }) => {
  const host = event.request.headers.get("host");
  if (!isAllowedHost(host, settings.hostPolicy)) {
    return refuse({
      status: 403,
      code: "ingest.host_refused",
      detail: `the console does not answer for host ${JSON.stringify(host)}; open it as localhost, or list the name in LENSAI_ALLOWED_HOSTS`,
    });
  }
  if (isCrossSite(event.request, settings.hostPolicy.origin)) {
    return refuse({
      status: 403,
      code: "auth.origin_refused",
      detail:
        "a page of another site asked for a change; open the console itself, or set ORIGIN to the URL it is reached by",
    });
  }
  if (running === undefined) throw new Error("the server answered before it was initialised");
  event.locals.console = running;
  event.locals.requestId = randomBytes(8).toString("hex");
  try {
    event.locals.principal = await principalOf(event, running);
  } catch (failure) {
    if (!isDatabaseGone(failure)) throw failure;
    logError("the database does not answer", { requestId: event.locals.requestId });
    if (isPage(event)) error(503, DATABASE_GONE_SENTENCE);
    return refuse(DATABASE_GONE);
  }
  if (event.locals.principal.kind === "anonymous" && !isPublicRoute(event.route.id)) {
    if (!isPage(event)) return refuseUnsigned();
    redirect(303, signInPath(event.url.pathname + event.url.search));
  }
  const theme = parseTheme(event.cookies.get(THEME_COOKIE));
  const response = await resolve(event, {
    transformPageChunk: ({ html }) =>
      html.replace("%lensai.theme%", theme === undefined ? "" : `data-theme="${theme}"`),
  });
  addSecurityHeaders(response.headers);
  response.headers.set("x-request-id", event.locals.requestId);
  return response;
};

/** The documentation can be read while nobody knows whose session it is. */
async function principalOf(event: RequestEvent, parts: Console): Promise<Principal> {
  const resolve = (): Promise<Principal> => resolvePrincipal(event, parts);
  return isDocsRoute(event.route.id)
    ? await orWithoutDatabase(resolve, ANONYMOUS)
    : await resolve();
}

/** Is it asked for by somebody who can be led elsewhere? Forms are not: what was filled in would be lost. */
function isPage({ request, isDataRequest }: RequestEvent): boolean {
  if (request.method !== "GET" && request.method !== "HEAD") return false;
  return isDataRequest || request.headers.get("accept")?.includes("text/html") === true;
}

function refuseUnsigned(): Response {
  const refusal = unauthenticated();
  addSecurityHeaders(refusal.headers);
  return refusal;
}

function refuse(problem: Problem): Response {
  const refusal = problemResponse(problem);
  addSecurityHeaders(refusal.headers);
  return refusal;
}

/** People get a sentence and a request id; the log gets the error. */
export const handleError: HandleServerError = ({ kind, error: failure, event }) => {
  const { requestId } = event.locals;
  if (kind !== "unknown") return { requestId };
  if (isDatabaseGone(failure)) {
    logError("the database does not answer", { requestId, route: event.route.id });
    return { status: 503, message: DATABASE_GONE_SENTENCE, requestId };
  }
  logError("request failed", { requestId, route: event.route.id, error: failure });
  return {
    message: "Something went wrong on the server. The request id leads to the reason in its log.",
    requestId,
  };
};
