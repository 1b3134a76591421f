const SAFE_METHODS: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Was a change asked for by a page of another site (CSRF)? Browsers name the page's origin with every request
 * that is no GET; it must be this server under the name it was reached by, or `publicOrigin`, which is what
 * people use when a proxy is in front. Programs that are no browsers send no Origin, and no cookies of ours.
 */
export function isCrossSite(request: Request, publicOrigin: string | undefined): boolean {
  if (SAFE_METHODS.has(request.method)) return false;
  const origin = request.headers.get("origin");
  if (origin === null) return false;
  if (publicOrigin !== undefined && origin === originOf(publicOrigin)) return false;
  return hostOf(origin) !== request.headers.get("host")?.toLowerCase();
}

/** Undefined for "null", which pages without an origin of their own send. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function originOf(url: string): string | undefined {
  return URL.canParse(url) ? new URL(url).origin : undefined;
}
