import { migrateDatabase } from "./db/migrate.ts";
import type { DatabaseClient } from "./db/client.ts";
import { logError } from "./log.ts";
import { ensureBootstrap } from "./services/api-keys/ensure-bootstrap.ts";
import type { ServiceContext } from "./services/context.ts";

export interface DatabasePreparation {
  /** Settles when the schema is current and the default project exists; never rejects. */
  readonly prepared: Promise<void>;
  /** Why it is not prepared yet; undefined when it is. */
  problem(): string | undefined;
  /** What the rights of the database's user do not allow; undefined when nothing is missing, and before it is known. */
  warning(): string | undefined;
  /** Gives up trying. */
  stop(): void;
}

export interface DatabasePreparationOptions {
  readonly databaseUrl: string;
  /** How the owner of the tables signs in, for the migrations; undefined: as `databaseUrl` does. */
  readonly migrateDatabaseUrl?: string | undefined;
  readonly bootstrapKey: string | undefined;
  /** Used from then on with no more rights than it needs. */
  readonly client: Pick<DatabaseClient, "actAs">;
  readonly context: ServiceContext;
  readonly retryPauseMs?: number;
}

/** A database that is restarting is back within seconds; asking more often helps nobody. */
const RETRY_PAUSE_MS = 1000;

/**
 * Migrates and fills the database, again and again until it succeeds: console and database may start in
 * any order. Meanwhile /readyz says what is missing.
 */
export function prepareDatabase(options: DatabasePreparationOptions): DatabasePreparation {
  const stopping = new AbortController();
  let problem: string | undefined = "the database is being prepared";
  let warning: string | undefined;

  const attempt = async (): Promise<boolean> => {
    try {
      const { databaseUrl, migrateDatabaseUrl } = options;
      const runtimeRole =
        migrateDatabaseUrl === undefined
          ? await migrateDatabase(databaseUrl)
          : await migrateDatabase(migrateDatabaseUrl, databaseUrl);
      if (warning !== runtimeRole.problem)
        logError("rights are missing", { reason: runtimeRole.problem });
      warning = runtimeRole.problem;
      if (runtimeRole.role !== undefined) options.client.actAs(runtimeRole.role);
      await ensureBootstrap(options.context, options.bootstrapKey);
      problem = undefined;
      return true;
    } catch (error) {
      // The same reason is logged once, not every second.
      const reason = reasonOf(error);
      if (problem !== reason) logError("the database cannot be prepared", { error });
      problem = reason;
      return false;
    }
  };
  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted && !(await attempt())) {
      await pause(options.retryPauseMs ?? RETRY_PAUSE_MS, stopping.signal);
    }
  };
  return {
    prepared: run(),
    problem: () => problem,
    warning: () => warning,
    stop: () => stopping.abort(),
  };
}

/** The driver's sentence ("connect ECONNREFUSED 127.0.0.1:5432"); never the URL, which holds a password. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  if (cause instanceof AggregateError && cause.errors.length > 0) return reasonOf(cause.errors[0]);
  const text = cause instanceof Error ? cause.message : String(cause);
  return text === "" && cause instanceof Error ? cause.name : text;
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}
