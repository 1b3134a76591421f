import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { callRowOf } from "../../conformance/call-row.ts";
import type { CallRow } from "../../conformance/call-row.ts";
import { listScenarios, readRequests } from "../../conformance/capture.ts";
import type { Recorded } from "../../conformance/capture.ts";
import { landRequests } from "../../conformance/lake-rows.ts";
import { rowCounts, trueCounts } from "../../conformance/token-fields.ts";
import { answeredCalls, readTruth } from "../../conformance/truth.ts";

const CAPTURES = fileURLToPath(new URL("../../clients/captures", import.meta.url));

interface Totals {
  readonly input: number;
  readonly output: number;
}

/** Lands the recorded requests that `isSent` lets through, and sums up what is billed. */
async function billed(
  scenario: string,
  isSent: (request: Recorded) => boolean,
): Promise<{ readonly rows: CallRow[]; readonly totals: Totals; readonly truth: Totals }> {
  const [found] = listScenarios(CAPTURES, { scenario });
  if (found === undefined) throw new Error(`${scenario} is not recorded`);
  const landed = await landRequests(readRequests(found).filter((request) => isSent(request)));
  const rows = landed.rows.map((row) => callRowOf(row)).filter((row) => row.billed);
  const answered = answeredCalls(readTruth(found.folder));
  return {
    rows,
    totals: sum(rows.map((row) => rowCounts(row))),
    truth: sum(answered.map((call) => trueCounts(call))),
  };
}

function sum(counts: readonly Partial<Record<keyof Totals, number | undefined>>[]): Totals {
  const total = (field: keyof Totals): number =>
    counts.reduce((all, each) => all + (each[field] ?? 0), 0);
  return { input: total("input"), output: total("output") };
}

const isMetrics = ({ signal }: Recorded): boolean => signal === "metrics";

// Gemini CLI tells a call in two logs, a span and two metrics: one of the metrics stands for all when it comes alone.
test.each(["gemini-cli/gemini-agent", "otel-openai-grpc/openai-calls"])(
  "what only metrics tell is billed as the provider logged it: %s",
  async (scenario) => {
    const { rows, totals, truth } = await billed(scenario, isMetrics);
    expect(totals).toEqual(truth);
    expect(rows.every(({ signal, billRule }) => signal === "metric" && billRule === "meter")).toBe(
      true,
    );
    expect(rows.every(({ hasCost }) => hasCost)).toBe(true);
  },
);

test("a call that is told by everything at once is billed for one record", async () => {
  const { rows, totals, truth } = await billed("gemini-cli/gemini-agent", () => true);
  expect(totals).toEqual(truth);
  expect(rows.map(({ signal }) => signal)).toEqual(["log", "log"]);
});
