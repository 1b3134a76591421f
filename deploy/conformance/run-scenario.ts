import { mapLimited } from "@lensai/analytics/lake/map-limited";
import { callRowOf } from "./call-row.ts";
import type { CallRow } from "./call-row.ts";
import { readRequests } from "./capture.ts";
import type { Scenario } from "./capture.ts";
import { judgeScenario } from "./judge-scenario.ts";
import type { Verdict } from "./judge-scenario.ts";
import { landRequests } from "./lake-rows.ts";
import { readTruth } from "./truth.ts";
import type { Truth } from "./truth.ts";
import { wireRecords } from "./wire-records.ts";

export interface ScenarioResult {
  readonly scenario: Scenario;
  readonly truth: Truth;
  readonly rows: readonly CallRow[];
  readonly verdict: Verdict;
}

/** Replays one scenario into a collector of its own and compares what landed with the provider's log. */
async function runScenario(scenario: Scenario): Promise<ScenarioResult> {
  const requests = readRequests(scenario);
  const { rows: landed, refused } = await landRequests(requests);
  const truth = readTruth(scenario.folder);
  const rows = landed.map((row) => callRowOf(row));
  const verdict = judgeScenario({ truth, rows, records: wireRecords(requests), refused });
  return { scenario, truth, rows, verdict };
}

/** Most of the time a collector waits for its disk and for the threads that it starts. */
const SCENARIOS_AT_ONCE = 4;

/** Runs scenarios, several at once; the results are in the order of the scenarios. */
export function runScenarios(
  scenarios: readonly Scenario[],
  onResult: () => void = () => undefined,
): Promise<ScenarioResult[]> {
  return mapLimited(scenarios, SCENARIOS_AT_ONCE, async (scenario) => {
    const result = await runScenario(scenario);
    onResult();
    return result;
  });
}
