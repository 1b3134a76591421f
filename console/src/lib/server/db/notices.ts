import { sql } from "drizzle-orm";
import postgres from "postgres";
import type { Database } from "./client.ts";

/** NOTIFY channels. Payloads are short texts: PostgreSQL takes at most 8000 bytes. */
export const CHANNELS = {
  /** The control version has been raised; the payload is the new one. */
  control: "lensai_control",
  /** Processes have acknowledged something; the payload is the project's id. */
  receipts: "lensai_receipts",
  /** A collector has landed something. */
  landings: "lensai_landings",
  /** There is an alert to send. */
  alerts: "lensai_alerts",
} as const;

type Channel = (typeof CHANNELS)[keyof typeof CHANNELS];

/** Sends a notice; within a transaction it leaves with the commit, and not at all when that fails. */
export async function notify(
  db: Pick<Database, "execute">,
  channel: string,
  payload = "",
): Promise<void> {
  await db.execute(sql`select pg_notify(${channel}, ${payload})`);
}

export interface NoticesOptions {
  readonly databaseUrl: string;
  readonly db: Database;
  readonly onNotice: (channel: Channel, payload: string) => void;
  /**
   * Look for yourself. Called at each beginning to listen, as notices may have been missed, and every few seconds
   * after, whether it hears or not.
   */
  readonly onCheck: () => void;
  readonly checkIntervalMs?: number;
}

export interface Notices {
  start(): void;
  /** Safe twice and before start. */
  stop(): Promise<void>;
}

const CHECK_INTERVAL_MS = 5000;
/** Told to ourselves to hear whether we hear. */
const ECHO_CHANNEL = "lensai_echo";
const CONNECT_TIMEOUT_SECONDS = 5;

/**
 * Listens to every channel on a connection of its own. A connection can be dead without anybody having said so, and
 * the driver does not come back when the database was away for long: so it sends itself a notice every few
 * seconds, and begins anew when the one before did not arrive.
 */
export function createNotices(options: NoticesOptions): Notices {
  const { databaseUrl, db, onNotice, onCheck } = options;
  let connection: postgres.Sql | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isHeard = false;
  let isStopped = false;

  const listen = async (): Promise<void> => {
    const own = postgres(databaseUrl, {
      max: 1,
      connect_timeout: CONNECT_TIMEOUT_SECONDS,
      onnotice: () => undefined,
      connection: { application_name: "lensai-console-notices" },
    });
    connection = own;
    for (const channel of Object.values(CHANNELS)) {
      await own.listen(channel, (payload) => onNotice(channel, payload), onCheck);
    }
    await own.listen(ECHO_CHANNEL, () => (isHeard = true));
    isHeard = true;
  };
  const check = async (): Promise<void> => {
    try {
      if (!isHeard) {
        await connection?.end({ timeout: 0 });
        if (!isStopped) await listen();
      }
      isHeard = false;
      await notify(db, ECHO_CHANNEL);
    } catch {
      // Whoever asks the database hears why; here it is only tried again.
      isHeard = false;
    }
    onCheck();
  };
  const run = async (): Promise<void> => {
    await check();
    if (!isStopped)
      timer = setTimeout(() => void run(), options.checkIntervalMs ?? CHECK_INTERVAL_MS);
  };
  return {
    start: () => {
      if (!isStopped) void run();
    },
    stop: async () => {
      isStopped = true;
      clearTimeout(timer);
      await connection?.end({ timeout: 0 });
    },
  };
}
