import type { SqlRow } from "@lensai/analytics/duckdb/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startLandedCollector } from "../conformance/landed.ts";
import type { LandedCollector } from "../conformance/landed.ts";
import { clientHeaders, scenariosOf, sendOverGrpc } from "./recorded.ts";
import type { Scenario, TrueCall } from "./recorded.ts";

/** Clients of these scenarios sent no span of a model call: there is nothing on the wire to bill. */
const WITHOUT_CALL_SPANS = new Set([
  "otel-openai/auto-register-esm",
  "otel-auto/http-app",
  "otel-auto/http-app-old-semconv-dup",
  "otel-auto/http-app-openai7",
]);

const scenarios = [...scenariosOf("otel-openai"), ...scenariosOf("otel-auto")];

describe("recorded bodies of OTel's own instrumentation", () => {
  let landed: LandedCollector;
  beforeAll(async () => {
    landed = await startLandedCollector();
  });
  afterAll(() => landed.stop());

  if (scenarios.length === 0) {
    test("are not beside this checkout, so nothing was replayed", () => {
      expect(scenarios).toEqual([]);
    });
  }

  for (const scenario of scenarios) {
    test(`${scenario.name}: every answered call is billed once, with the tokens on the wire`, async () => {
      const rows = await replay(landed, scenario);
      const expected = WITHOUT_CALL_SPANS.has(scenario.name) ? [] : billableCalls(scenario);
      expect(rows.filter(isBilled).map(billOf).sort()).toEqual(expected.map(billOfTruth).sort());
      const failed = rows.filter((row) => row["bill_rule"] === "failed");
      expect(failed.every((row) => row["billed"] === false && row["status"] === "error")).toBe(
        true,
      );
    });
  }
});

async function replay(landed: LandedCollector, scenario: Scenario): Promise<SqlRow[]> {
  const overHttp = scenario.requests
    .filter(({ transport }) => transport !== "grpc")
    .map((request) => ({
      path: request.path,
      headers: clientHeaders(request),
      body: request.body,
      isChunked: true,
    }));
  const rows = await landed.land(...overHttp);
  for (const request of scenario.requests.filter(({ transport }) => transport === "grpc")) {
    expect(await sendOverGrpc(landed.target.collector.grpcPort, request)).toEqual({
      status: "0",
      message: "OK",
    });
  }
  return [...rows, ...(await landed.land())];
}

/** Answered to the end; a broken stream ends without a span, which no receiver can know. */
function billableCalls({ calls }: Scenario): TrueCall[] {
  return calls.filter(({ status, isBroken }) => status === 200 && !isBroken);
}

const isBilled = (row: SqlRow): boolean => row["billed"] === true;

/** One line per call: response id (embeddings have none), tokens in and out, where they come from. */
function billOf(row: SqlRow): string {
  const { response_id, input_tokens, output_tokens, usage_source, call_role } = row;
  const output = call_role === "embedding" ? 0 : output_tokens;
  return [response_id, input_tokens, output, usage_source].map(String).join(" ");
}

function billOfTruth(call: TrueCall): string {
  const isKnown = call.usageOnWire;
  const counts = isKnown ? [call.input, call.output] : [null, null];
  return [call.responseId, ...counts, isKnown ? "reported" : "missing"].map(String).join(" ");
}
