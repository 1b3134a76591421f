import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { describe, expect, test } from "vitest";
import { possibleRepeats } from "../../src/queries/possible-repeats.ts";
import { possibleRepeatsOfCall } from "../../src/queries/possible-repeats-of-call.ts";
import type { QueryTarget } from "../../src/queries/query-source.ts";
import { DAY_MS, useTestLake, spanRow } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();
const input = { fromUnixMs: DAY_MS, toUnixMs: DAY_MS + 60_000 };
const BATCH = "0123456789abcdef";

let nextOrdinal = 0;

/** A billed call of a service, `lastsMs` long, in a trace of its own. */
function call(service: string, times: readonly [number, number], values: SpanRow = {}): SpanRow {
  nextOrdinal += 1;
  const [startMs, lastsMs] = times;
  return spanRow(startMs, {
    record_ordinal: BigInt(nextOrdinal),
    trace_id: `trace ${nextOrdinal}`,
    span_id: `span ${nextOrdinal}`,
    service_name: service,
    scope_name: `scope of ${service}`,
    duration_ns: BigInt(lastsMs) * 1_000_000n,
    bill_rule: "call",
    usage_source: "reported",
    response_model: "gpt-4o-2024-08-06",
    input_tokens: 1200n,
    output_tokens: 100n,
    cost_nano_usd: 1000n,
    ...values,
  });
}

let nextFile = 0;

async function lakeOf(rows: readonly SpanRow[]): Promise<QueryTarget> {
  nextFile += 1;
  return { duckDb, source: { files: [await lake.write(`repeats ${nextFile}`, rows)] } };
}

const pairsIn = async (rows: readonly SpanRow[]): Promise<string[]> =>
  (await possibleRepeats("p1", input, await lakeOf(rows))).map(
    ({ serviceName, callerServiceName, calls, costNanoUsd }) =>
      `${serviceName} in ${callerServiceName}: ${calls} for ${costNanoUsd}`,
  );

describe("a call that may be the same as another service's", () => {
  test("lies inside it in another trace and counts the same: that of a gateway", async () => {
    const rows = [0, 1000, 2000].flatMap((at) => [
      call("app", [at, 500], { input_tokens: BigInt(1200 + at) }),
      call("gateway", [at + 20, 400], {
        input_tokens: BigInt(1200 + at),
        response_id: `id ${at}`,
        response_model: "openai/gpt-4o",
        cost_nano_usd: 900n,
      }),
    ]);
    expect(await pairsIn(rows)).toEqual(["gateway in app: 3 for 2700"]);
  });

  test.each<[string, SpanRow, SpanRow]>([
    ["counts something else", {}, { output_tokens: 101n }],
    ["is of another model", {}, { response_model: "gpt-4o-mini" }],
    ["is in the same trace, where billing knows both", { trace_id: "t" }, { trace_id: "t" }],
    ["has another response id", { response_id: "a" }, { response_id: "b" }],
    ["is of the same service", {}, { service_name: "app" }],
    ["is not billed", {}, { billed: false, bill_rule: "twin" }],
    ["is only estimated", {}, { usage_source: "estimated" }],
    ["is of another project", {}, { project_id: "p2" }],
  ])("is none when it %s", async (_, outer, inner) => {
    expect(
      await pairsIn([call("app", [0, 500], outer), call("gateway", [20, 400], inner)]),
    ).toEqual([]);
  });

  test("is none when it came after the other was over", async () => {
    expect(await pairsIn([call("app", [0, 500]), call("worker", [800, 400])])).toEqual([]);
  });

  test("may be seen by a clock that is a little off", async () => {
    const rows = [call("app", [200, 500]), call("gateway", [0, 490])];
    expect(await pairsIn(rows)).toEqual(["gateway in app: 1 for 1000"]);
  });

  test("is found among equal calls at the same time, each once", async () => {
    const rows = [0, 1, 2, 3].flatMap((at) => [
      call("app", [at, 500]),
      call("gateway", [at + 20, 400], { response_id: `id ${at}` }),
    ]);
    expect(await pairsIn(rows)).toEqual(["gateway in app: 4 for 4000"]);
  });
});

const asked = (row: SpanRow) => ({
  ...input,
  batchId: BATCH,
  recordOrdinal: row["record_ordinal"] as bigint,
  limit: 10,
});

describe("the calls that one call may be the same as", () => {
  const outer = call("app", [0, 500]);
  const inner = call("gateway", [20, 400], { response_id: "id", cost_nano_usd: null });
  const other = call("gateway", [20, 400], { input_tokens: 7n });

  test("are named from both sides, as billed calls", async () => {
    const target = await lakeOf([outer, inner, other]);
    const ofOuter = await possibleRepeatsOfCall("p1", asked(outer), target);
    expect(ofOuter).toMatchObject([
      { relation: "may_be_same", serviceName: "gateway", isBilled: true, spanId: inner["span_id"] },
    ]);
    const ofInner = await possibleRepeatsOfCall("p1", asked(inner), target);
    expect(ofInner.map(({ serviceName }) => serviceName)).toEqual(["app"]);
    expect(await possibleRepeatsOfCall("p1", asked(other), target)).toEqual([]);
  });
});
