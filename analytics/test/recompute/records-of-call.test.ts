import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { expect, test } from "vitest";
import { recordsOfCall } from "../../src/recompute/records-of-call.ts";
import type { RecordsOfCallInput } from "../../src/recompute/records-of-call.ts";
import { DAY_MS, spanRow, useTestLake } from "../support/span-rows.ts";

const { duckDb, lake } = useTestLake();

/** What a command line tool says about a call: two logs and a span, in no common trace. */
function saidOfCall(startMs: number, ordinal: bigint, input: bigint): SpanRow[] {
  const common = {
    service_name: "cli",
    call_role: "inference",
    request_model: "gemini-2.5-flash",
    usage_source: "reported",
    usage_basis: "proven",
    input_tokens: input,
    output_tokens: 10n,
  };
  const log = { ...common, signal: "log", scope_name: "cli" };
  return [
    spanRow(startMs + 200, {
      ...log,
      record_ordinal: ordinal,
      span_name: "cli.api_response",
      cost_nano_usd: 5n,
      reasoning_tokens: 3n,
      bill_rule: "call",
    }),
    spanRow(startMs + 201, {
      ...log,
      record_ordinal: ordinal + 1n,
      span_name: "gen_ai.details",
      billed: false,
      bill_rule: "twin",
    }),
    spanRow(startMs, {
      ...common,
      record_ordinal: ordinal + 2n,
      scope_name: "spans",
      trace_id: `7${ordinal}`.padStart(32, "0"),
      span_id: `7${ordinal}`.padStart(16, "0"),
      span_name: "llm_call",
      duration_ns: 200_000_000n,
      billed: false,
      bill_rule: "twin",
    }),
  ];
}

const rows = [
  ...saidOfCall(1_000, 0n, 100n),
  ...saidOfCall(1_500, 10n, 120n),
  spanRow(1_000, { record_ordinal: 20n, service_name: "other", call_role: "inference" }),
];

async function others(name: string, ordinal: bigint, more: Partial<RecordsOfCallInput> = {}) {
  const files = [await lake.write(name, rows)];
  const input = {
    batchId: "0123456789abcdef",
    recordOrdinal: ordinal,
    startUnixMs: DAY_MS + 1_000,
    serviceName: "cli",
    traceId: undefined,
    responseId: undefined,
    limit: 10,
    ...more,
  };
  const found = await recordsOfCall("p1", input, { duckDb, source: { files } });
  return found.map(({ relation, recordOrdinal }) => `${relation} ${recordOrdinal}`);
}

test("of a log that is billed are the other log and the span of its call", async () => {
  expect(await others("billed", 0n)).toEqual(["repeats 2", "repeats 1"]);
});

test("of what is not billed are the log that is, and what else it stands for", async () => {
  expect(await others("log", 11n)).toEqual(["billed_instead 10", "repeats 12"]);
  expect(await others("span", 12n)).toEqual(["billed_instead 10", "repeats 11"]);
});

test("are none of a record that is not there, and no more than asked for", async () => {
  expect(await others("unknown", 99n)).toEqual([]);
  expect(await others("limited", 0n, { limit: 1 })).toHaveLength(1);
  expect(await others("billed only", 12n, { limit: 1 })).toEqual(["billed_instead 10"]);
});
