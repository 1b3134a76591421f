import { LensError } from "@lensai/otel-config/errors";

const LOOPBACK_HOSTS = ["localhost", "127.0.0.1", "[::1]"];

/** Host names that requests without a key may use, lower case, without port. */
export function allowedHosts(configured: readonly string[]): ReadonlySet<string> {
  return new Set([...LOOPBACK_HOSTS, ...configured.map((host) => host.toLowerCase())]);
}

/**
 * Against DNS rebinding: a page whose host name was pointed at 127.0.0.1 sends that name in Host, and
 * would be same-origin with a collector that takes requests without a key. Browsers always send Host; a
 * client without one (HTTP/1.0) is none. Throws LensError `ingest.host_refused`.
 */
export function requireLoopbackHost(host: string | undefined, allowed: ReadonlySet<string>): void {
  if (host === undefined || allowed.has(hostName(host))) return;
  throw new LensError(
    "ingest.host_refused",
    "the host header is not a name of this machine; use localhost, send a key, or add the name to LENSAI_ALLOWED_HOSTS",
  );
}

/** Drops the port: "localhost:4318" and "[::1]:4318". */
function hostName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, "");
}

/** RFC 9112 section 3.2: an HTTP/1.1 request without a Host header is answered with 400. */
export function requireHostHeader(httpVersion: string, host: string | undefined): void {
  if (host !== undefined || httpVersion === "1.0") return;
  throw new LensError(
    "ingest.body_malformed",
    "the request has no Host header; HTTP/1.1 needs one",
  );
}
