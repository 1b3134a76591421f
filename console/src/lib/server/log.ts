/** One JSON line per entry on stderr. Entries name things; they never carry content or secrets. */
export function logError(message: string, facts: Readonly<Record<string, unknown>>): void {
  const entry = { time: new Date().toISOString(), level: "error", message, ...facts };
  process.stderr.write(`${formatEntry(entry)}\n`);
}

/** An entry as one line. */
export function formatEntry(entry: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(entry, replaceError);
}

/** Message and stack, without what drivers add: the values of a query may be personal. */
function replaceError(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    const cause = value.cause instanceof Error ? value.cause.message : undefined;
    const message = withoutParameters(value.message);
    const stack = value.stack?.replace(value.message, message);
    return { name: value.name, message, cause, stack };
  }
  return typeof value === "bigint" ? value.toString() : value;
}

/** Drizzle ends its messages with the parameters. */
const withoutParameters = (message: string): string => message.replace(/\nparams: [^]*$/, "");
