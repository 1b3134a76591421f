import type { CallScope } from "@lensai/otel-config/control/call-scope";
import { scopeImpact, type ScopeImpact } from "@lensai/analytics/queries/scope-impact";
import { scopeValues, type ScopeValues } from "@lensai/analytics/queries/scope-values";
import type { LakeReader } from "./lake-reader.ts";

const HOUR_MS = 3_600_000;
const VALUES_OFFERED = 20;

export interface Impact {
  /** What the last hour's calls have, to choose from. */
  readonly values: ScopeValues;
  /** Of the last hour's calls; undefined when no scope was asked about. */
  readonly impact: ScopeImpact | undefined;
}

/** What stopping a scope would have met in the last hour. Rejects with the lake's or the query's LensError. */
export async function loadImpact(
  lake: LakeReader,
  { projectId, scope, nowUnixMs }: ImpactQuestion,
): Promise<Impact> {
  await lake.refresh();
  // To the minute, so that reloads of the page find the answer.
  const toUnixMs = Math.ceil(nowUnixMs / 60_000) * 60_000;
  const within = { fromUnixMs: toUnixMs - HOUR_MS, toUnixMs };
  const name = `impact ${scope === undefined ? "" : JSON.stringify(scope)}`;
  return lake.ask({ name, projectId, ...within }, async (target) => {
    const values = scopeValues(projectId, { ...within, limit: VALUES_OFFERED }, target);
    const impact = scope && scopeImpact(projectId, { ...within, scope }, target);
    return { values: await values, impact: await impact };
  });
}

export interface ImpactQuestion {
  readonly projectId: string;
  readonly scope: CallScope | undefined;
  readonly nowUnixMs: number;
}
