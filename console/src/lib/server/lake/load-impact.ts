import type { CallScope } from "@lensai/otel-config/control/call-scope";
import type { TimeRange } from "@lensai/analytics/queries/query-source";
import { scopeImpact, type ScopeImpact } from "@lensai/analytics/queries/scope-impact";
import { scopeValues, type ScopeValues } from "@lensai/analytics/queries/scope-values";
import type { LakeReader } from "./lake-reader.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const VALUES_OFFERED = 20;

export interface LastHourQuestion {
  readonly projectId: string;
  readonly nowUnixMs: number;
}

/** What stopping a scope would have met in the last hour. Rejects with the lake's or the query's LensError. */
export async function loadImpact(
  lake: LakeReader,
  { projectId, nowUnixMs, scope }: LastHourQuestion & { readonly scope: CallScope },
): Promise<ScopeImpact> {
  await lake.refresh();
  const within = lastHour(nowUnixMs);
  const name = `impact ${JSON.stringify(scope)}`;
  return lake.ask({ name, projectId, ...within }, (target) =>
    scopeImpact(projectId, { ...within, scope }, target),
  );
}

/** What the last hour's calls have, to choose from. Rejects as well. */
export async function loadScopeValues(
  lake: LakeReader,
  { projectId, nowUnixMs }: LastHourQuestion,
): Promise<ScopeValues> {
  await lake.refresh();
  const within = lastHour(nowUnixMs);
  return lake.ask({ name: "scope values", projectId, ...within }, (target) =>
    scopeValues(projectId, { ...within, limit: VALUES_OFFERED }, target),
  );
}

/** To the minute, so that reloads of a page find the answer. */
function lastHour(nowUnixMs: number): TimeRange {
  const toUnixMs = Math.ceil(nowUnixMs / MINUTE_MS) * MINUTE_MS;
  return { fromUnixMs: toUnixMs - HOUR_MS, toUnixMs };
}
