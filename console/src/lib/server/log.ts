type Facts = Readonly<Record<string, unknown>>;

/** One JSON line per entry on stderr. Entries name things; they never carry content or secrets. */
export function logError(message: string, facts: Facts): void {
  log("error", message, facts);
}

export function logInfo(message: string, facts: Facts): void {
  log("info", message, facts);
}

function log(level: string, message: string, facts: Facts): void {
  const entry = { time: new Date().toISOString(), level, message, ...facts };
  process.stderr.write(`${formatEntry(entry)}\n`);
}

/** An entry as one line. */
export function formatEntry(entry: Facts): string {
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
