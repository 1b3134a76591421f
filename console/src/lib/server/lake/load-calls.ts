import { costOverTime, type CostOverTime } from "@lensai/analytics/queries/cost-over-time";
import { costByTwo, type CostByTwo } from "@lensai/analytics/queries/cost-by-two";
import { newestCalls, type CallLine } from "@lensai/analytics/queries/newest-calls";
import { projectSummary, type ProjectSummary } from "@lensai/analytics/queries/project-summary";
import type { TimeRange } from "@lensai/analytics/queries/query-source";
import { spendChanges, type SpendChanges } from "@lensai/analytics/queries/spend-changes";
import { topGroups, type Group } from "@lensai/analytics/queries/top-groups";
import type { CallsQuery } from "../../calls-query.ts";
import type { TimeWindow } from "../../dashboard.ts";
import { callPlaceOf, callPlaceSchema } from "../api/call-json.ts";
import { cutPage, fromCursor } from "../api/paging.ts";
import type { LakeReader } from "./lake-reader.ts";

const CHART_SERIES = 8;
const GROUPS = 20;
const TABLE_COLUMNS = 6;
const PAGE_CALLS = 50;

export interface CallsQuestion {
  readonly projectId: string;
  readonly window: TimeWindow;
  readonly query: CallsQuery;
  /** What the groups are compared with; undefined: with nothing. */
  readonly before?: TimeRange | undefined;
}

export interface CallsAnswer {
  /** Of all calls of the filter, whatever their status. */
  readonly summary: ProjectSummary;
  readonly costOverTime: CostOverTime;
  /** Dearest first; more may exist than are shown. */
  readonly groups: readonly Group[];
  /** The groups by another dimension; undefined when none is asked for. */
  readonly table: CostByTwo | undefined;
  /** Undefined when nothing is compared. */
  readonly changes: SpendChanges | undefined;
  /** A page of calls, newest first. */
  readonly calls: readonly CallLine[];
  /** Where the next page starts; undefined: this is the last one. */
  readonly nextCursor: string | undefined;
}

/**
 * What the calls of a filter cost, and a page of their list. Rejects with `query.invalid` for a cursor that no page
 * gave out, and with the lake's or the query's LensError.
 */
export async function loadCalls(
  lake: LakeReader,
  { projectId, window, query, before }: CallsQuestion,
): Promise<CallsAnswer> {
  const { filter, by, and, status, cursor } = query;
  const { fromUnixMs, toUnixMs, intervalMs } = window;
  const range = { fromUnixMs, toUnixMs };
  const after = fromCursor(cursor, callPlaceSchema);
  await lake.refresh();
  const changesIn = (compared: TimeRange): Promise<SpendChanges> => {
    const both = { fromUnixMs: compared.fromUnixMs, toUnixMs };
    const name = `changes by ${by} of ${JSON.stringify({ filter, range, compared })}`;
    return lake.ask({ name, projectId, ...both }, (target) =>
      spendChanges(projectId, { ...range, before: compared, filter, by, limit: GROUPS }, target),
    );
  };
  const [figures, changes, calls] = await Promise.all([
    lake.ask(
      { name: `calls by ${by} and ${and} of ${JSON.stringify(filter)}`, projectId, ...range },
      async (target) => {
        const asked = { ...range, filter, by };
        const chart = { ...asked, intervalMs, series: CHART_SERIES };
        const [summary, cost, groups, table] = await Promise.all([
          projectSummary(projectId, asked, target),
          costOverTime(projectId, chart, target),
          topGroups(projectId, { ...asked, limit: GROUPS }, target),
          and &&
            costByTwo(projectId, { ...asked, and, rows: GROUPS, columns: TABLE_COLUMNS }, target),
        ]);
        return { summary, costOverTime: cost, groups, table };
      },
    ),
    before && changesIn(before),
    lake.ask(
      {
        name: `page of calls ${JSON.stringify({ filter, status, cursor })}`,
        projectId,
        ...range,
      },
      (target) => {
        const asked = { ...range, filter, status, after, limit: PAGE_CALLS + 1 };
        return newestCalls(projectId, asked, target);
      },
    ),
  ]);
  const { items, nextCursor } = cutPage(calls, PAGE_CALLS, callPlaceOf);
  return { ...figures, changes, calls: items, nextCursor };
}
