/** Names under which a browser reaches this machine and nothing else. */
const LOOPBACK_NAMES: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

export interface HostPolicy {
  /** The address the server listens on; undefined means every address. */
  readonly bindAddress: string | undefined;
  /** The public URL, when a proxy is in front. */
  readonly origin: string | undefined;
  /** Further names that may be used; on an address that is not loopback, the only ones. */
  readonly allowedHosts: readonly string[];
}

/**
 * DNS rebinding: a hostile page can point its own name at 127.0.0.1 and read a console that listens
 * there. Bound to loopback, only loopback names, the configured origin and the allowed names may appear in
 * the Host header. Bound to another address (a container listens on all of them, and may yet be reached
 * over the loopback of its host), the same holds once the operator has named the allowed hosts; without
 * them every name is answered.
 */
export function isAllowedHost(hostHeader: string | null, policy: HostPolicy): boolean {
  const { bindAddress, allowedHosts } = policy;
  if (!isLoopbackAddress(bindAddress) && allowedHosts.length === 0) return true;
  if (hostHeader === null) return false;
  const name = hostHeader.toLowerCase().replace(/:\d+$/, "");
  return (
    LOOPBACK_NAMES.has(name) || allowedHosts.includes(name) || name === originName(policy.origin)
  );
}

export function isLoopbackAddress(address: string | undefined): boolean {
  if (address === undefined) return false;
  return address === "localhost" || address === "::1" || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/** Is it a name of this machine, as in a Host header without its port? */
export function isLoopbackName(name: string): boolean {
  return LOOPBACK_NAMES.has(name);
}

function originName(origin: string | undefined): string | undefined {
  return origin !== undefined && URL.canParse(origin) ? new URL(origin).hostname : undefined;
}
