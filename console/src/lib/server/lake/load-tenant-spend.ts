import { dailySpendByValue } from "@lensai/analytics/queries/daily-spend-by-value";
import type { LakeReader } from "./lake-reader.ts";

export interface TenantSpend {
  /** Undefined: calls that name none. */
  readonly tenant: string | undefined;
  readonly calls: number;
  readonly unpricedCalls: number;
  /** Sum of the known costs. */
  readonly costNanoUsd: bigint;
}

/** What each tenant cost within a time. Rejects with the lake's or the query's LensError. */
export async function loadTenantSpend(
  lake: LakeReader,
  {
    projectId,
    ...range
  }: { readonly projectId: string; readonly fromUnixMs: number; readonly toUnixMs: number },
): Promise<readonly TenantSpend[]> {
  await lake.refresh();
  const days = await lake.ask({ name: "tenant spend", projectId, ...range }, (target) =>
    dailySpendByValue(projectId, { ...range, each: "tenant" }, target),
  );
  const byTenant = Map.groupBy(days, ({ value }) => value);
  return [...byTenant].map(([tenant, own]) => ({
    tenant,
    calls: own.reduce((sum, { calls }) => sum + calls, 0),
    unpricedCalls: own.reduce((sum, { unpricedCalls }) => sum + unpricedCalls, 0),
    costNanoUsd: own.reduce((sum, { costNanoUsd = 0n }) => sum + costNanoUsd, 0n),
  }));
}
