import { sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import { ledgerHearing } from "../../db/schema/budget-ledgers.ts";
import type { Transaction } from "../snapshot/raise-version.ts";
import type { LeaseTimes } from "./lease-state.ts";

/** The last time in which no process was heard at all: the console, the database or the collectors were gone. */
export interface Outage {
  readonly silentFromMs: number;
  readonly resumedAtMs: number;
}

/** Processes that hold leases renew them every four seconds: when none does, they are not to blame. */
const SILENCE_MAX_SECONDS = 8;
/** One row for all ledgers is written no more often than this. */
const NOTED_EVERY_SECONDS = 1;

/**
 * Processes are heard at this moment; answers with the last outage. Not within the transaction of a grant, which
 * would keep all others waiting for the one row.
 */
export async function noteHearing(
  db: Database,
  nowMs: number,
  { ttlMs }: LeaseTimes,
): Promise<Outage> {
  const now = sql`${new Date(nowMs).toISOString()}::timestamptz`;
  const isSilent = sql`heard_at < ${now} - make_interval(secs => ${SILENCE_MAX_SECONDS})`;
  // One that follows soon is the same one: no lease has lived through the time between.
  const isSame = sql`heard_at < resumed_at + make_interval(secs => ${ttlMs / 1000})`;
  const rows = await db.execute<OutageRow>(sql`
    with noted as (
      update ledger_hearing set
        heard_at = ${now},
        silent_from = case when ${isSilent} and not ${isSame} then heard_at else silent_from end,
        resumed_at = case when ${isSilent} then ${now} else resumed_at end
      where abs(extract(epoch from heard_at - ${now})) > ${NOTED_EVERY_SECONDS}
      returning silent_from, resumed_at
    )
    select ${OUTAGE} from noted
    union all
    select ${OUTAGE} from ledger_hearing where not exists (select from noted)`);
  const [row] = rows;
  if (row !== undefined) return outageOf(row);
  const at = new Date(nowMs);
  await db
    .insert(ledgerHearing)
    .values({ id: 1, heardAt: at, silentFrom: at, resumedAt: at })
    .onConflictDoNothing();
  return { silentFromMs: nowMs, resumedAtMs: nowMs };
}

/** Undefined while no process was ever heard. */
export async function readOutage(transaction: Transaction): Promise<Outage | undefined> {
  const [row] = await transaction.execute<OutageRow>(sql`select ${OUTAGE} from ledger_hearing`);
  return row && outageOf(row);
}

/**
 * The lives of leases at a moment. Silence tells that a process is dead or cut off only while others can be heard: an
 * outage does not count, until every process that lives has had the time to be heard again.
 */
export function leaseTimesAt(
  times: LeaseTimes,
  outage: Outage | undefined,
  nowMs: number,
): LeaseTimes {
  // Also where the clock of another console is ahead of this one's.
  const isRecent = outage !== undefined && Math.abs(nowMs - outage.resumedAtMs) < times.ttlMs;
  if (!isRecent) return times;
  return { ...times, ttlMs: times.ttlMs + outage.resumedAtMs - outage.silentFromMs };
}

interface OutageRow extends Record<string, unknown> {
  readonly silent_from_ms: string;
  readonly resumed_at_ms: string;
}

const OUTAGE = sql.raw(
  "(extract(epoch from silent_from) * 1000)::bigint::text as silent_from_ms, (extract(epoch from resumed_at) * 1000)::bigint::text as resumed_at_ms",
);

function outageOf({ silent_from_ms: from, resumed_at_ms: until }: OutageRow): Outage {
  return { silentFromMs: Number(from), resumedAtMs: Number(until) };
}
