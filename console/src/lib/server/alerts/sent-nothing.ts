/** Errors of a connection that was never made: nothing of the request has left. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

/** Surely not arrived? Looks at the error and what caused it. */
export function hasSentNothing(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== undefined && NEVER_CONNECTED.has(code)) return true;
    if (cause instanceof AggregateError && cause.errors.every(hasSentNothing)) return true;
  }
  return false;
}
