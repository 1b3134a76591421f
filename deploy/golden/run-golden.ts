import { mkdtemp, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import type { ProjectSummary } from "@lensai/analytics/queries/project-summary";
import type { TrafficPlan } from "../seed/traffic.ts";
import { lakeTotal, seedLake } from "./seeded-lake.ts";
import { slowTotal } from "./slow-total.ts";
import type { SlowTotal } from "./slow-total.ts";

export interface GoldenResult {
  readonly lake: ProjectSummary;
  readonly slow: SlowTotal;
}

/** Seeds a lake in a temporary folder and totals it twice. */
export async function runGolden(plan: TrafficPlan): Promise<GoldenResult> {
  const dataDir = await mkdtemp(path.join(os.tmpdir(), "lensai-golden-"));
  try {
    await seedLake(dataDir, plan);
    return {
      lake: await lakeTotal(dataDir, plan),
      slow: await slowTotal(path.join(dataDir, "lake")),
    };
  } finally {
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** In words what the two disagree on; empty when they agree to the nano-dollar. */
export function disagreements({ lake, slow }: GoldenResult): string[] {
  type Figure = bigint | number | undefined;
  const compared: readonly (readonly [string, Figure, Figure])[] = [
    ["nano-USD", lake.costNanoUsd, slow.costNanoUsd],
    ["calls", lake.calls, slow.calls],
    ["priced calls", lake.pricedCalls, slow.pricedCalls],
  ];
  return [
    ...compared
      .filter(([, ofLake, ofCheck]) => ofLake !== ofCheck)
      .map(([what, ofLake, ofCheck]) => `${what}: ${ofLake} in the lake, ${ofCheck} by the check`),
    ...slow.differences,
  ];
}
