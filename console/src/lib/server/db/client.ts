import { drizzle, type PostgresJsDatabase } from "drizzle-orm/postgres-js";
import postgres from "postgres";
import { apiKeys } from "./schema/api-keys.ts";
import { controlVersions } from "./schema/control-versions.ts";
import { projects } from "./schema/projects.ts";
import { signingSecrets } from "./schema/signing-secrets.ts";

const schema = { apiKeys, controlVersions, projects, signingSecrets };

/** What services use: the database or a transaction of it. */
export type Database = PostgresJsDatabase<typeof schema>;

export interface DatabaseClient {
  readonly db: Database;
  /** Connections that are opened from now on act as this role. */
  actAs(role: string): void;
  /** Waits for running queries, then closes every connection. Safe to call twice. */
  close(): Promise<void>;
}

export interface DatabaseOptions {
  readonly connectionsMax?: number;
  /** Of silence while an answer is waited for; null: a statement may wait for another console as long as it must. */
  readonly answerTimeoutSeconds?: number | null;
  readonly connectTimeoutSeconds?: number;
}

/** A page needs one or two short queries; five connections serve hundreds of readers. */
const CONNECTIONS_MAX = 5;
/**
 * Unused connections close: each is a process of PostgreSQL. Longer than the five seconds from one check of the notices to
 * the next, so that one stays.
 */
const IDLE_TIMEOUT_SECONDS = 8;
/** Readiness must say soon that the database is gone. */
const CONNECT_TIMEOUT_SECONDS = 5;
const CLOSE_TIMEOUT_SECONDS = 5;
/**
 * A database that takes connections and says nothing (a disk that hangs, a proxy that lost it) must not keep pages
 * waiting. Everything that is asked here takes milliseconds. When nobody was answered in that time, one asks whether it is back,
 * and the others are told so at once.
 */
const ANSWER_TIMEOUT_SECONDS = 10;
/** A statement that waits for a lock ends with an answer, sooner than the silence that stands for a database that is gone. */
const STATEMENT_TIMEOUT_SHARE = 0.9;
/** Between two attempts to connect, in seconds: a database that is back is found soon. */
const BACKOFF_MAX_SECONDS = 1;

/** Opens nothing yet: the first query connects. */
export function openDatabase(url: string, options: DatabaseOptions = {}): DatabaseClient {
  const { answerTimeoutSeconds = ANSWER_TIMEOUT_SECONDS } = options;
  const { connectTimeoutSeconds = CONNECT_TIMEOUT_SECONDS } = options;
  const client = postgres(url, {
    max: options.connectionsMax ?? CONNECTIONS_MAX,
    idle_timeout: IDLE_TIMEOUT_SECONDS,
    connect_timeout: connectTimeoutSeconds,
    answer_timeout: answerTimeoutSeconds,
    backoff: (failures) => Math.min(3 ** failures / 100, BACKOFF_MAX_SECONDS),
    // Notices ("relation already exists, skipping") are not errors and would land on stdout.
    onnotice: () => undefined,
    connection: {
      application_name: "lensai-console",
      // What nobody waits for any more ends in PostgreSQL, too: a statement that waits for a lock would stay.
      ...(answerTimeoutSeconds !== null && {
        statement_timeout: answerTimeoutSeconds * 1000 * STATEMENT_TIMEOUT_SHARE,
      }),
    },
  });
  return {
    // The casing must equal the one in drizzle.config.ts, else columns are not found.
    actAs: (role) => {
      client.options.connection["role"] = role;
    },
    db: drizzle(client, { schema, casing: "snake_case" }),
    close: () => client.end({ timeout: CLOSE_TIMEOUT_SECONDS }),
  };
}
