/** Reads one header by its lower-case name; both transports provide it. */
export type HeaderLookup = (name: string) => string | undefined;

/** More candidates than this is not a client but a guess. */
const CANDIDATES_MAX = 8;

/** Longer values are no key; they are not hashed. */
const KEY_LENGTH_MAX = 512;

const KEY_HEADERS = ["x-lensai-key", "x-api-key", "api_key", "api-key"];

/**
 * Every key that a request presents, in the order in which they are tried: `Authorization` (Bearer,
 * Basic with the key as user or password, Api-Key, or the bare key), then the usual key headers.
 * Percent-encoding is undone, because OTEL_EXPORTER_OTLP_HEADERS values are percent-encoded and not every
 * SDK decodes them.
 */
export function presentedKeys(header: HeaderLookup): string[] {
  const keys = new Set<string>();
  const authorization = header("authorization");
  if (authorization !== undefined) {
    for (const key of authorizationKeys(percentDecoded(authorization).trim())) keys.add(key);
  }
  for (const name of KEY_HEADERS) {
    const value = header(name);
    if (value !== undefined) keys.add(percentDecoded(value).trim());
  }
  return [...keys]
    .filter((key) => key.length > 0 && key.length <= KEY_LENGTH_MAX)
    .slice(0, CANDIDATES_MAX);
}

function authorizationKeys(value: string): string[] {
  const space = value.indexOf(" ");
  if (space < 0) return [value];
  const credentials = value.slice(space + 1).trim();
  switch (value.slice(0, space).toLowerCase()) {
    case "bearer":
    case "api-key":
      return [credentials];
    case "basic":
      return basicKeys(credentials);
    default:
      return [];
  }
}

/** Langfuse-style senders put a public key in the user and the secret in the password: try both. */
function basicKeys(credentials: string): string[] {
  const text = Buffer.from(credentials, "base64").toString("utf8");
  const colon = text.indexOf(":");
  return colon < 0 ? [text] : [text.slice(colon + 1), text.slice(0, colon)];
}

function percentDecoded(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
