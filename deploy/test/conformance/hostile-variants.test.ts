import { fileURLToPath } from "node:url";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { callRowOf } from "../../conformance/call-row.ts";
import { listScenarios, readRequests } from "../../conformance/capture.ts";
import type { Recorded } from "../../conformance/capture.ts";
import { judgeScenario } from "../../conformance/judge-scenario.ts";
import { landRequests } from "../../conformance/lake-rows.ts";
import { readTruth } from "../../conformance/truth.ts";
import { wireRecords } from "../../conformance/wire-records.ts";
import { varied } from "./vary-requests.ts";
import type { Variant } from "./vary-requests.ts";

const CAPTURES = fileURLToPath(new URL("../../clients/captures", import.meta.url));

/** Calls that several records tell: nested, beside one another, in two halves, with and without ids. */
const SAMPLES = [
  "python-langchain/langchain-on-openai-calls",
  "python-logfire/anthropic-streams",
  "python-openllmetry/anthropic-calls",
  "python-mlflow/openai-calls",
  "python-llama-index/langchain-calls",
  "openai-agents/agent-on-openai-calls",
  "openllmetry/langchain-on-openai-calls",
  "vercel-ai7/ai-with-legacy-spans",
  "python-litellm-openinference/agent-streams",
  "python-openllmetry-providers/mistral-calls",
  "sentry/anthropic-streams",
  "voltagent/agent-calls",
];

const variants: fc.Arbitrary<Variant> = fc.record({
  order: fc.array(fc.nat({ max: 1000 }), { minLength: 64, maxLength: 64 }),
  isSplit: fc.boolean(),
  isTwice: fc.boolean(),
  encoding: fc.constantFrom("json", "protobuf"),
  service: fc.constantFrom(undefined, "checkout", "agent-service"),
});

test("a bill does not depend on how its records are sent", async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...SAMPLES), variants, async (sample, variant) => {
      const [scenario] = listScenarios(CAPTURES, { scenario: sample });
      if (scenario === undefined) throw new Error(`${sample} is not recorded`);
      const requests = readRequests(scenario).filter(({ signal }) => signal !== "metrics");
      const judge = (sent: readonly Recorded[]) => judged(scenario.folder, requests, sent);
      expect(await judge(varied(requests, variant))).toEqual(await judge(requests));
    }),
    // A smaller counterexample is not worth its minutes: each run takes a second.
    { numRuns: 8, endOnFailure: true },
  );
});

async function judged(folder: string, recorded: readonly Recorded[], sent: readonly Recorded[]) {
  const { rows, refused } = await landRequests(sent);
  const { grade, reasons, billed, ours } = judgeScenario({
    truth: readTruth(folder),
    rows: rows.map((row) => callRowOf(row)),
    records: wireRecords(recorded),
    refused,
  });
  return { grade, reasons: reasons.toSorted(), billed, ours };
}
