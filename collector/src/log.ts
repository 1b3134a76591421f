/** The collector's log: few lines, one JSON object each. Never content, never a secret. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  /** A bug or an outage: with the place it came from, without the message, which may quote content. */
  failure(message: string, error: unknown): void;
}

export type LogFields = Readonly<Record<string, string | number | boolean | null>>;

export function createLog(write: (line: string) => void, now: () => Date): Log {
  const line = (level: string, message: string, fields: LogFields): void =>
    write(`${JSON.stringify({ time: now().toISOString(), level, message, ...fields })}\n`);
  return {
    info: (message, fields = {}) => line("info", message, fields),
    warn: (message, fields = {}) => line("warn", message, fields),
    failure: (message, error) => line("error", message, placeOf(error)),
  };
}

function placeOf(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: typeof error };
  const root = error.cause instanceof Error ? error.cause : error;
  const code = (root as NodeJS.ErrnoException).code ?? null;
  const frames = (root.stack ?? "").split("\n").filter((frame) => /^\s+at /.test(frame));
  return { error: root.name, code, at: frames.slice(0, 8).join("\n") };
}
