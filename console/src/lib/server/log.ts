/** One JSON line per entry on stderr. Entries name things; they never carry content or secrets. */
export function logError(message: string, facts: Readonly<Record<string, unknown>>): void {
  write("error", message, facts);
}

export function logInfo(message: string, facts: Readonly<Record<string, unknown>> = {}): void {
  write("info", message, facts);
}

function write(level: string, message: string, facts: Readonly<Record<string, unknown>>): void {
  const entry = { time: new Date().toISOString(), level, message, ...facts };
  process.stderr.write(`${JSON.stringify(entry, replaceError)}\n`);
}

/** Stack and code, without the enumerable extras of drivers, which may hold query parameters. */
function replaceError(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    const cause = value.cause instanceof Error ? value.cause.message : undefined;
    return { name: value.name, message: value.message, cause, stack: value.stack };
  }
  return typeof value === "bigint" ? value.toString() : value;
}
