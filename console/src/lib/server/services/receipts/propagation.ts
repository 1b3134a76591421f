import { sql } from "drizzle-orm";
import type { Database } from "../../db/client.ts";
import type { AnnouncementKind } from "../../db/schema/announcements.ts";

/** How far something that was announced has got. */
export interface Propagation {
  readonly subjectId: string;
  readonly kind: AnnouncementKind;
  readonly announcedAtUnixMs: number;
  readonly announcedBy: string;
  /** Processes that ran then and know. */
  readonly known: number;
  /** Milliseconds from the announcement until it held; null while nobody knows. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  readonly lastMs: number | null;
  /** Processes that ran then, are connected, and have not acknowledged. */
  readonly waiting: number;
  /** Processes that were lost around then, before they knew: ended, or cut off. */
  readonly lost: number;
}

/** A process that is not known to know. */
export interface Straggler {
  readonly instanceId: string;
  readonly serviceName: string;
  readonly isConnected: boolean;
  readonly seenAtUnixMs: number;
}

export interface ConnectedProcesses {
  readonly guards: number;
  readonly pollers: number;
}

/** Collectors report every 15 seconds; one that is silent for longer may be dead, and its processes elsewhere. */
const COLLECTOR_SILENCE_MAX = "45 seconds";
/** A process that was lost longer ago than this before an announcement had ended by then. */
const LOST_BEFORE_MAX = "15 minutes";
const STRAGGLERS_LISTED_MAX = 20;

/** Of the project's processes, with whether its collector lives. */
const known = (projectId: string, now: Date) => sql`
  select p.*, p.is_connected and c.seen_at is not null
    and c.seen_at > ${now.toISOString()}::timestamptz - ${COLLECTOR_SILENCE_MAX}::interval as is_here
  from processes p left join collectors c on c.id = p.collector_id where p.project_id = ${projectId}`;

/** The newest announcements of the project, newest first, at most so many. */
export async function propagationOf(
  db: Database,
  { projectId, now, limit }: { projectId: string; now: Date; limit: number },
): Promise<Propagation[]> {
  const rows = await db.execute<PropagationRow>(sql`
    with known as (${known(projectId, now)}),
    announced as (
      select * from announcements where project_id = ${projectId} order by version desc limit ${limit}
    )
    select announced.subject_id, announced.kind, announced.announced_at, announced.announced_by,
      received.*, missing.*
    from announced,
    lateral (
      select count(*)::int as known,
        percentile_cont(0.5) within group (order by known_after_ms) as p50_ms,
        percentile_cont(0.99) within group (order by known_after_ms) as p99_ms, max(known_after_ms) as last_ms
      from receipts where subject_id = announced.subject_id and kind = announced.kind
    ) received,
    lateral (
      select count(*) filter (where is_here)::int as waiting,
        count(*) filter (where not is_here
          and seen_at > announced.announced_at - ${LOST_BEFORE_MAX}::interval)::int as lost
      from known where version < announced.version and started_at <= announced.announced_at
    ) missing
    order by announced.version desc`);
  return rows.map((row) => ({
    subjectId: row.subject_id,
    kind: row.kind,
    announcedAtUnixMs: Date.parse(row.announced_at),
    announcedBy: row.announced_by,
    known: row.known,
    p50Ms: row.p50_ms,
    p99Ms: row.p99_ms,
    lastMs: row.last_ms,
    waiting: row.waiting,
    lost: row.lost,
  }));
}

/** Who does not know of the newest announcement: those that are connected first. */
export async function stragglersOf(
  db: Database,
  { projectId, now }: { projectId: string; now: Date },
): Promise<Straggler[]> {
  const rows = await db.execute<StragglerRow>(sql`
    with known as (${known(projectId, now)}),
    newest as (
      select version, announced_at from announcements where project_id = ${projectId}
      order by version desc limit 1
    )
    select known.instance_id, known.service_name, known.is_here, known.seen_at
    from known, newest
    where known.version < newest.version and known.started_at <= newest.announced_at
      and (is_here or seen_at > newest.announced_at - ${LOST_BEFORE_MAX}::interval)
    order by is_here desc, seen_at desc, instance_id limit ${STRAGGLERS_LISTED_MAX}`);
  return rows.map((row) => ({
    instanceId: row.instance_id,
    serviceName: row.service_name,
    isConnected: row.is_here,
    seenAtUnixMs: Date.parse(row.seen_at),
  }));
}

export async function connectedProcesses(
  db: Database,
  { projectId, now }: { projectId: string; now: Date },
): Promise<ConnectedProcesses> {
  const [row] = await db.execute<{ guards: number; pollers: number }>(sql`
    select count(*) filter (where kind = 'guard')::int as guards,
      count(*) filter (where kind = 'poller')::int as pollers
    from (${known(projectId, now)}) known where is_here`);
  return { guards: row?.guards ?? 0, pollers: row?.pollers ?? 0 };
}

/** When the last collector was heard; undefined while one is, and where none ever was. */
export async function collectorsSilentSince(db: Database, now: Date): Promise<Date | undefined> {
  const [row] = await db.execute<{ seen_at: string | null; is_silent: boolean | null }>(sql`
    select max(seen_at) as seen_at,
      max(seen_at) <= ${now.toISOString()}::timestamptz - ${COLLECTOR_SILENCE_MAX}::interval as is_silent
    from collectors`);
  return row?.is_silent === true && row.seen_at !== null ? new Date(row.seen_at) : undefined;
}

interface PropagationRow extends Record<string, unknown> {
  readonly subject_id: string;
  readonly kind: AnnouncementKind;
  readonly announced_at: string;
  readonly announced_by: string;
  readonly known: number;
  readonly p50_ms: number | null;
  readonly p99_ms: number | null;
  readonly last_ms: number | null;
  readonly waiting: number;
  readonly lost: number;
}

interface StragglerRow extends Record<string, unknown> {
  readonly instance_id: string;
  readonly service_name: string;
  readonly is_here: boolean;
  readonly seen_at: string;
}
