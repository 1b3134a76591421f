/** Names under which a browser reaches this machine and nothing else. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

export interface HostPolicy {
  /** The address the server listens on; undefined means every address. */
  readonly bindAddress: string | undefined;
  /** The public URL, when a proxy is in front. */
  readonly origin: string | undefined;
}

/**
 * DNS rebinding: a hostile page can point its own name at 127.0.0.1 and read a console that listens
 * there. Bound to loopback, only loopback names and the configured origin may appear in the Host header.
 * Bound to another address, names are the operator's business.
 */
export function isAllowedHost(hostHeader: string | null, policy: HostPolicy): boolean {
  if (!isLoopbackAddress(policy.bindAddress)) return true;
  if (hostHeader === null) return false;
  const name = hostHeader.toLowerCase().replace(/:\d+$/, "");
  return LOOPBACK_NAMES.has(name) || name === originName(policy.origin);
}

export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}

function originName(origin: string | undefined): string | undefined {
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).hostname : undefined;
}
