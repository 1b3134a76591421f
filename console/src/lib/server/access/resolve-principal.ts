import { isLoopbackAddress, isLoopbackName, type HostPolicy } from "../http/allowed-host.ts";
import { ANONYMOUS, LOCAL_OWNER, type Principal } from "./principal.ts";

/** What a proxy adds: then whoever asks need not sit at this machine. */
const PROXY_HEADERS = ["forwarded", "x-forwarded-for", "x-forwarded-host", "via"] as const;

/**
 * Can nobody but this machine reach the console? It listens on a loopback address, and the operator has told of
 * no other name that it is reached by: a proxy on the same machine makes a loopback address public.
 */
export function isLocalConsole(policy: HostPolicy): boolean {
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
