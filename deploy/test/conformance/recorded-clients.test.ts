import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { readVerdicts } from "../../clients/harness/verdict-file.ts";
import { listScenarios } from "../../conformance/capture.ts";
import type { Scenario } from "../../conformance/capture.ts";
import { runScenarios } from "../../conformance/run-scenario.ts";

/** A collector per recording. */
vi.setConfig({ testTimeout: 300_000 });

const folderOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const own = listScenarios(folderOf("../../clients/captures"));
/** One of each client of ours, since all take minutes: `conformance:clients` judges every one, also in CI. */
const samples = [...Map.groupBy(own, ({ client }) => client)]
  .filter(([client]) => client.includes("lensai"))
  .flatMap(([, scenarios]) => scenarios.slice(0, 1));

/** What is untrue of the bill, by scenario. */
async function untruths(scenarios: readonly Scenario[]): Promise<string[]> {
  const results = await runScenarios(scenarios);
  return results
    .filter(({ verdict }) => verdict.grade === "wrong")
    .map(({ scenario, verdict }) =>
      [`${scenario.client}/${scenario.name}`, ...verdict.reasons].join("; "),
    );
}

describe("what published clients sent", () => {
  test("has a verdict in the documentation, recording by recording", () => {
    const recorded = own.map(({ client, name }) => `${client}/${name}`);
    const documented = readVerdicts("clients").map(
      ({ client, scenario }) => `${client}/${scenario}`,
    );
    expect(documented.toSorted()).toEqual(recorded.toSorted());
  });

  test(`is billed as the provider's log says, or marked (${samples.length} recordings)`, async () => {
    expect(await untruths(samples)).toEqual([]);
  });
});
