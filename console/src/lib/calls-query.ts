import type { CallDimension, CallFilter } from "@lensai/analytics/queries/call-dimensions";
import { API_PATH } from "./api-path.ts";
import { DIMENSIONS } from "./call-dimensions.ts";
import type { TimeWindow } from "./dashboard.ts";
import { COMPARISONS, type Comparison } from "./time-range.ts";

/** The query of a URL, of which nothing here changes anything. */
type ReadableQuery = Pick<URLSearchParams, "get"> & { toString: () => string };

/** What the Calls page shows, as its URL says it. The names are those of the REST API. */
export interface CallsQuery {
  readonly filter: CallFilter;
  /** What the cost is broken down by. */
  readonly by: CallDimension;
  /** The groups as changes against the time before, or a week before; undefined: as costs. */
  readonly compare: Comparison | undefined;
  /** Of the list of calls; the figures above it are of all calls. */
  readonly status: "ok" | "error" | undefined;
  /** Where the page of the list starts; undefined: with the newest call. */
  readonly cursor: string | undefined;
}

export const VALUE_CHARACTERS_MAX = 256;
const DEFAULT_DIMENSION: CallDimension = "model";

/** What cannot be read is as if it were not there: a page shows something for every URL. */
export function parseCallsQuery(query: ReadableQuery): CallsQuery {
  const values = DIMENSIONS.map((dimension) => [dimension, query.get(dimension) ?? ""] as const);
  const status = query.get("status");
  return {
    filter: Object.fromEntries(
      values.filter(([, value]) => value !== "" && value.length <= VALUE_CHARACTERS_MAX),
    ),
    by: DIMENSIONS.find((dimension) => dimension === query.get("by")) ?? DEFAULT_DIMENSION,
    compare: COMPARISONS.find((comparison) => comparison === query.get("compare")),
    status: status === "ok" || status === "error" ? status : undefined,
    cursor: query.get("cursor") ?? undefined,
  };
}

/**
 * The parameters of a form that adds one value to the filter ("filter" names the dimension, "value" is it) as the
 * filter itself; undefined when there is no such form in the URL.
 */
export function addedFilter(query: ReadableQuery): string | undefined {
  const added = query.get("filter");
  if (added === null) return undefined;
  const dimension = DIMENSIONS.find((name) => name === added);
  const value = query.get("value")?.trim() ?? "";
  const named = dimension === undefined || value === "" ? {} : { [dimension]: value };
  return changedQuery(query, { filter: undefined, value: undefined, ...named });
}

/** The time that a page shows: kept from one page of figures to another. */
const KEPT: readonly string[] = ["range", "from", "to"];

/**
 * A link of a page of figures: what its URL says, with changes (undefined takes a parameter away). A page of a list
 * and an open drawer are of what was shown, so they go.
 */
export function changedQuery(
  query: ReadableQuery,
  changes: Readonly<Record<string, string | undefined>>,
): string {
  const changed = new URLSearchParams(query.toString());
  for (const name of ["cursor", "call"]) changed.delete(name);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) changed.delete(name);
    else changed.set(name, value);
  }
  return `?${changed}`;
}

/** The time that a page shows, as the query of a link to another one: "?range=7d"; "" when its address names none. */
export function keptTime(query: ReadableQuery): string {
  const kept = keptParameters(query);
  return kept.length === 0 ? "" : `?${new URLSearchParams(kept)}`;
}

function keptParameters(query: ReadableQuery): [name: string, value: string][] {
  return KEPT.flatMap((name): [string, string][] => {
    const value = query.get(name);
    return value === null ? [] : [[name, value]];
  });
}

/** To the calls that have this value, in the time that a page shows. */
export function callsHref(projectId: string, query: ReadableQuery, filter: CallFilter): string {
  const kept = keptParameters(query);
  return `/projects/${projectId}/calls?${new URLSearchParams([...kept, ...Object.entries(filter)])}`;
}

/** The REST API's export of the calls that a page shows, all of them. */
export function exportHref(
  projectId: string,
  { fromUnixMs, toUnixMs }: TimeWindow,
  filter: CallFilter,
): string {
  const query = new URLSearchParams({
    format: "csv",
    from: new Date(fromUnixMs).toISOString(),
    to: new Date(toUnixMs).toISOString(),
    ...filter,
  });
  return `${API_PATH}/projects/${projectId}/export/calls?${query}`;
}
