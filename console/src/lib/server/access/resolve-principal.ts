import type { RequestEvent } from "@sveltejs/kit";
import { setSessionCookies } from "../auth/set-cookies.ts";
import type { Console } from "../console.ts";
import { isLoopbackAddress, isLoopbackName, type HostPolicy } from "../http/allowed-host.ts";
import { ANONYMOUS, LOCAL_OWNER, type Principal } from "./principal.ts";

/** What a proxy adds: then whoever asks need not sit at this machine. */
const PROXY_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"] as const;

/** The name of the session's cookie, with and without https. */
const SESSION_COOKIE = /(?:^|; ?)(?:__Secure-)?lensai\.session_token=/;

/** How long a request with a session waits for a database that starts together with the console. */
const DATABASE_WAIT_MS = 8000;

/** Who asks: by a session, else whoever needs none here. Prolongs the session when it is time. */
export async function resolvePrincipal(
  { request, cookies }: Pick<RequestEvent, "request" | "cookies">,
  parts: Console,
): Promise<Principal> {
  const { headers } = request;
  const rest = principalWithoutCredentials(headers, parts.settings.hostPolicy);
  if (!SESSION_COOKIE.test(headers.get("cookie") ?? "")) return rest;
  await parts.databaseReady(DATABASE_WAIT_MS);
  const found = await parts.signIn.find(headers);
  if (found === undefined) return rest;
  setSessionCookies(cookies, found.cookies);
  const { id: userId, email, name } = found.user;
  const { sessionId } = found;
  return { kind: "user", userId, email, name, sessionId, actor: `user:${userId}` };
}

/**
 * Can nobody but this machine reach the console? It listens on a loopback address, and the operator has told of
 * no other name that it is reached by: a proxy on the same machine makes a loopback address public.
 */
function isLocalConsole(policy: HostPolicy): boolean {
  const { bindAddress, origin, allowedHosts } = policy;
  const names = [...allowedHosts, ...(origin === undefined ? [] : [hostnameOf(origin)])];
  return isLoopbackAddress(bindAddress) && names.every(isLoopbackName);
}

/** Who asks, as far as no session or key tells: the owner of a local console, or nobody. */
export function principalWithoutCredentials(headers: Headers, policy: HostPolicy): Principal {
  const isProxied = PROXY_HEADERS.some((name) => headers.has(name));
  return isLocalConsole(policy) && !isProxied ? LOCAL_OWNER : ANONYMOUS;
}

const hostnameOf = (url: string): string => (URL.canParse(url) ? new URL(url).hostname : url);
