import { sql, type SQL } from "drizzle-orm";
import type { AcknowledgementBatch } from "@lensai/otel-config/control/acknowledgements";
import { CHANNELS, notify } from "../../db/notices.ts";
import type { ServiceContext } from "../context.ts";

/** A process that has gone is remembered as long as somebody may wonder whether it was told. */
const GONE_KEPT = "1 day";
/** Who comes back later than this is not asked what it knew. */
const RECEIPTS_TAKEN = "1 day";

/**
 * Takes in what a collector says about its processes. A process gets a receipt for everything that was announced
 * while it ran and that its version covers; one that started later knew it before its first call. Safe to do twice.
 */
export async function recordAcknowledgements(
  context: ServiceContext,
  { collectorId, replacesEarlier, processes }: AcknowledgementBatch,
): Promise<void> {
  const now = context.now().toISOString();
  const given = { rows: JSON.stringify(processes), now, collectorId };
  const projectIds = new Set(processes.map((each) => each.projectId));
  await context.db.transaction(async (transaction) => {
    // Sent together, and done in this order: what one collector tells, one console at a time takes in.
    await Promise.all([
      transaction.execute(sql`
        insert into collectors (id, seen_at) values (${collectorId}, ${now})
        on conflict (id) do update set seen_at = excluded.seen_at`),
      ...(replacesEarlier ? forgetEarlier(given).map((each) => transaction.execute(each)) : []),
      ...(processes.length === 0 ? [] : [transaction.execute(processesAndReceipts(given))]),
      ...Array.from(projectIds, (id) => notify(transaction, CHANNELS.receipts, id)),
    ]);
  });
}

interface Reported {
  /** JSON of a list. */
  readonly rows: string;
  /** ISO */
  readonly now: string;
  readonly collectorId: string;
}

const forgetEarlier = ({ now, collectorId }: Reported): readonly SQL[] => [
  sql`update processes set is_connected = false where collector_id = ${collectorId} and is_connected`,
  sql`delete from processes
    where not is_connected and seen_at < ${now}::timestamptz - ${GONE_KEPT}::interval`,
];

/**
 * All parts of the statement see the processes as they were before it. What each knew is found once, ahead of what was
 * announced: found per announcement it would cost more with every switch of the day. A process that has gone over to
 * another collector is not gone when the first one misses it; when both tell of it at once it may get two receipts.
 */
const processesAndReceipts = ({ rows, now, collectorId }: Reported): SQL => sql`
  with given as materialized (
    select given.*, coalesce(known.version, 0) as known_version,
      ${now}::timestamptz - "heldMs" * interval '1 millisecond' as held_at,
      ${now}::timestamptz - "runningMs" * interval '1 millisecond' as started_at
    from jsonb_to_recordset(${rows}::text::jsonb) as given ("projectId" text, "instanceId" text,
      "serviceName" text, "kind" text, "version" bigint, "heldMs" float8, "runningMs" float8, "isConnected" boolean)
    left join processes known on known.project_id = "projectId" and known.instance_id = "instanceId"
    order by "projectId", "instanceId"
  ),
  received as (
    insert into receipts (subject_id, kind, instance_ids, service_names, known_after_ms)
    select announced.subject_id, announced.kind, array_agg("instanceId"), array_agg("serviceName"),
      array_agg(greatest(0, extract(epoch from given.held_at - announced.announced_at) * 1000))
    from given join announcements announced on announced.project_id = "projectId"
      and announced.version > known_version and announced.version <= given."version"
      and announced.announced_at >= given.started_at
      and announced.announced_at > ${now}::timestamptz - ${RECEIPTS_TAKEN}::interval
    group by announced.subject_id, announced.kind
  )
  insert into processes (project_id, instance_id, service_name, kind, collector_id, version, started_at,
    is_connected, seen_at)
  select "projectId", "instanceId", "serviceName", "kind", ${collectorId}, "version", given.started_at,
    "isConnected", ${now}
  from given
  on conflict (project_id, instance_id) do update set
    service_name = excluded.service_name, kind = excluded.kind, collector_id = excluded.collector_id,
    version = greatest(processes.version, excluded.version), started_at = excluded.started_at,
    is_connected = excluded.is_connected, seen_at = excluded.seen_at
  where excluded.is_connected or processes.collector_id = excluded.collector_id`;
