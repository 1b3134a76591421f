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
  /** What each of these is broken down by in turn; undefined: by nothing. Never what `by` is. */
  readonly and: CallDimension | undefined;
  /** The groups as changes against the time before, or a week before; undefined: as costs. */
  readonly compare: Comparison | undefined;
  /** Of the list of calls; the figures above it are of all calls. */
  readonly status: "ok" | "error" | undefined;
  /** Where the page of the list starts; undefined: with the newest call. */
  readonly cursor: string | undefined;
}

export const VALUE_CHARACTERS_MAX = 256;
const DEFAULT_DIMENSION: CallDimension = "model";

/** The parameter that names, with commas between them, the dimensions of which the calls have no value. */
const WITHOUT_PARAMETER = "without";

/** What cannot be read is as if it were not there: a page shows something for every URL. */
export function parseCallsQuery(query: ReadableQuery): CallsQuery {
  const values = DIMENSIONS.map((dimension) => [dimension, query.get(dimension) ?? ""] as const);
  const status = query.get("status");
  const by = dimensionIn(query, "by") ?? DEFAULT_DIMENSION;
  const and = dimensionIn(query, "and");
  return {
    filter: Object.fromEntries([
      ...values.filter(([, value]) => value !== "" && value.length <= VALUE_CHARACTERS_MAX),
      ...withoutIn(query).map((dimension) => [dimension, null] as const),
    ]),
    by,
    and: and === by ? undefined : and,
    compare: COMPARISONS.find((comparison) => comparison === query.get("compare")),
    status: status === "ok" || status === "error" ? status : undefined,
    cursor: query.get("cursor") ?? undefined,
  };
}

const dimensionIn = (query: ReadableQuery, parameter: string): CallDimension | undefined =>
  DIMENSIONS.find((dimension) => dimension === query.get(parameter));

function withoutIn(query: ReadableQuery): CallDimension[] {
  const named = new Set(query.get(WITHOUT_PARAMETER)?.split(","));
  return DIMENSIONS.filter((dimension) => named.has(dimension));
}

/** A filter, and what is taken out of it. */
type FilterChange = Readonly<Partial<Record<CallDimension, string | null | undefined>>>;

/** The parameters that say a filter. */
function filterParameters(filter: FilterChange): [name: string, value: string][] {
  const entries = DIMENSIONS.flatMap((name) => {
    const value = filter[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const without = entries.flatMap(([name, value]) => (value === null ? [name] : []));
  return [
    ...entries.flatMap(([name, value]): [string, string][] =>
      value === null ? [] : [[name, value]],
    ),
    ...(without.length === 0 ? [] : [[WITHOUT_PARAMETER, without.join(",")] as [string, string]]),
  ];
}

/** A link to the calls that also have these values; null: that have none there, undefined: whatever they have there. */
export function filteredQuery(query: ReadableQuery, values: FilterChange): string {
  const { filter } = parseCallsQuery(query);
  const parameters = Object.fromEntries(filterParameters({ ...filter, ...values }));
  const none = [...DIMENSIONS, WITHOUT_PARAMETER].map((name) => [name, undefined]);
  return changedQuery(query, { ...Object.fromEntries(none), ...parameters });
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
  const others = changedQuery(query, { filter: undefined, value: undefined });
  return filteredQuery(new URLSearchParams(others), named);
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
  return `/projects/${projectId}/calls?${new URLSearchParams([...kept, ...filterParameters(filter)])}`;
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
    ...Object.fromEntries(filterParameters(filter)),
  });
  return `${API_PATH}/projects/${projectId}/export/calls?${query}`;
}
