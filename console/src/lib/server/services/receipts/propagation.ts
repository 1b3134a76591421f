import { sql, type SQL } from "drizzle-orm";
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
interface Straggler {
  readonly instanceId: string;
  readonly serviceName: string;
  readonly isConnected: boolean;
  readonly seenAtUnixMs: number;
}

interface ConnectedProcesses {
  readonly guards: number;
  readonly pollers: number;
}

/** How far everything that was announced lately has got, and to whom not. */
export interface ReceiptsOverview {
  readonly processes: ConnectedProcesses;
  /** Nobody tells processes anything since then; null while a collector is heard, and where none ever was. */
  readonly silentSinceUnixMs: number | null;
  /** Newest first. */
  readonly announcements: readonly Propagation[];
  /** Of the newest. */
  readonly stragglers: readonly Straggler[];
}

/** Collectors report every 15 seconds; one that is silent for longer may be dead, and its processes elsewhere. */
const COLLECTOR_SILENCE_MAX = "45 seconds";
/** A process that was lost longer ago than this before an announcement had ended by then. */
const LOST_BEFORE_MAX = "15 minutes";
const STRAGGLERS_LISTED_MAX = 20;

interface Question {
  readonly projectId: string;
  readonly now: Date;
  /** Of announcements, the newest. */
  readonly limit: number;
}

/** What the questions are asked of: the project's processes, with whether their collectors live, and its announcements. */
const facts = ({ projectId, now, limit }: Question): SQL => sql`
  with known as materialized (
    select p.kind, p.instance_id, p.service_name, p.version, p.started_at, p.seen_at,
      p.is_connected and c.seen_at is not null and c.seen_at > ${silentBefore(now)} as is_here
    from processes p left join collectors c on c.id = p.collector_id where p.project_id = ${projectId}
  ),
  announced as materialized (
    select * from announcements where project_id = ${projectId} order by version desc limit ${limit}
  )`;

const silentBefore = (now: Date): SQL =>
  sql`${now.toISOString()}::timestamptz - ${COLLECTOR_SILENCE_MAX}::interval`;

/** A process that two collectors told of at once has two receipts. */
const propagation = sql`
  select announced.subject_id, announced.kind, announced.announced_at, announced.announced_by,
    received.*, missing.*
  from announced,
  lateral (
    select count(*)::int as known, max(after_ms) as last_ms,
      percentile_cont(array[0.5, 0.99]) within group (order by after_ms) as quantiles_ms
    from (
      select min(after_ms) as after_ms
      from receipts, unnest(instance_ids, known_after_ms) as receipt (instance_id, after_ms)
      where subject_id = announced.subject_id and kind = announced.kind
      group by instance_id
    ) earliest
  ) received,
  lateral (
    select count(*) filter (where is_here)::int as waiting,
      count(*) filter (where not is_here
        and seen_at > announced.announced_at - ${LOST_BEFORE_MAX}::interval)::int as lost
    from known where version < announced.version and started_at <= announced.announced_at
  ) missing
  order by announced.version desc`;

/** Who does not know of the newest announcement: those that are connected first. */
const stragglers = sql`
  select known.instance_id, known.service_name, known.is_here, known.seen_at
  from known, (select version, announced_at from announced order by version desc limit 1) newest
  where known.version < newest.version and known.started_at <= newest.announced_at
    and (is_here or seen_at > newest.announced_at - ${LOST_BEFORE_MAX}::interval)
  order by is_here desc, seen_at desc, instance_id limit ${STRAGGLERS_LISTED_MAX}`;

/** The newest announcements of the project, newest first, at most so many. */
export async function propagationOf(db: Database, question: Question): Promise<Propagation[]> {
  const rows = await db.execute<PropagationRow>(sql`${facts(question)} ${propagation}`);
  return rows.map(propagationOfRow);
}

/** How far everything that was announced lately has got, and to whom not: asked whenever acknowledgements come in, in one statement. */
export async function receiptsOf(db: Database, question: Question): Promise<ReceiptsOverview> {
  const [row] = await db.execute<OverviewRow>(sql`${facts(question)}
    select
      (select count(*) from known where is_here and kind = 'guard')::int as guards,
      (select count(*) from known where is_here and kind = 'poller')::int as pollers,
      (select max(seen_at) from collectors having max(seen_at) <= ${silentBefore(question.now)}) as silent_since,
      (select json_agg(row_to_json(each)) from (${propagation}) each) as announcements,
      (select json_agg(row_to_json(each)) from (${stragglers}) each) as stragglers`);
  if (row === undefined) throw new Error("a statement without a condition has one row");
  return {
    processes: { guards: row.guards, pollers: row.pollers },
    silentSinceUnixMs: row.silent_since === null ? null : Date.parse(row.silent_since),
    announcements: (row.announcements ?? []).map(propagationOfRow),
    stragglers: (row.stragglers ?? []).map(stragglerOfRow),
  };
}

const propagationOfRow = (row: PropagationRow): Propagation => ({
  subjectId: row.subject_id,
  kind: row.kind,
  announcedAtUnixMs: Date.parse(row.announced_at),
  announcedBy: row.announced_by,
  known: row.known,
  p50Ms: row.quantiles_ms?.[0] ?? null,
  p99Ms: row.quantiles_ms?.[1] ?? null,
  lastMs: row.last_ms,
  waiting: row.waiting,
  lost: row.lost,
});

const stragglerOfRow = (row: StragglerRow): Straggler => ({
  instanceId: row.instance_id,
  serviceName: row.service_name,
  isConnected: row.is_here,
  seenAtUnixMs: Date.parse(row.seen_at),
});

interface OverviewRow extends Record<string, unknown> {
  readonly guards: number;
  readonly pollers: number;
  readonly silent_since: string | null;
  /** Null instead of an empty list. */
  readonly announcements: readonly PropagationRow[] | null;
  readonly stragglers: readonly StragglerRow[] | null;
}

interface PropagationRow extends Record<string, unknown> {
  readonly subject_id: string;
  readonly kind: AnnouncementKind;
  readonly announced_at: string;
  readonly announced_by: string;
  readonly known: number;
  /** The median and the 99th percentile. */
  readonly quantiles_ms: readonly [number, number] | null;
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
