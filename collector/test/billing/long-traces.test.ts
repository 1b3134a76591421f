import type { CallRecord } from "@lensai/otel-config/billing/call-record";
import { expect, test } from "vitest";
import { rowOf, verdictsAfter } from "./call-rows.ts";

/** More than are resolved together, by far: an evaluation that runs for hours is one trace. */
const CALLS = 1200;
const START_MICROS = 1_795_462_288_000_000;

/** Two records of each call, one inside the other: the framework's and that of the client's SDK. */
function recordsOf(call: number, fields: Partial<CallRecord>): readonly [CallRecord, CallRecord] {
  const startMicros = START_MICROS + call * 1_000_000;
  const outer: CallRecord = {
    id: `outer${call}`,
    project: "p",
    signal: "span",
    part: "call",
    trace: "t",
    span: `o${call}`,
    parent: "root",
    service: "app",
    instance: undefined,
    scope: "framework",
    models: ["m"],
    responseId: undefined,
    startMicros,
    endMicros: startMicros + 500_000,
    usage: {
      source: "reported",
      input: 100 + call,
      output: 10,
      cached: 0,
      toolUsePrompt: 0,
      reasoning: 0,
      partCount: 0,
      isPriced: true,
    },
    ...fields,
  };
  const inner = { id: `inner${call}`, span: `i${call}`, parent: `o${call}`, scope: "sdk" };
  return [outer, { ...outer, ...inner, endMicros: startMicros + 400_000 }];
}

const records = (fields: Partial<CallRecord> = {}): CallRecord[] =>
  Array.from({ length: CALLS }, (_, call) => recordsOf(call, fields)).flat();

const billedCount = (verdicts: ReadonlyMap<number, string>): number =>
  [...verdicts.values()].filter((verdict) => verdict.startsWith("billed")).length;

test("bills every call of a trace of thousands of records once, in the time of a landing", () => {
  const rows = records().map((record, ordinal) => rowOf(record, ordinal));
  expect(billedCount(verdictsAfter([rows]))).toBe(CALLS);
});

test("keeps to what it said of a long trace while that goes on", () => {
  const rows = records().map((record, ordinal) => rowOf(record, ordinal));
  // An odd number: pairs lie across the borders of what is resolved together.
  const landings = Array.from({ length: Math.ceil(rows.length / 501) }, (_, at) =>
    rows.slice(at * 501, (at + 1) * 501),
  );
  const billed = billedCount(verdictsAfter(landings));
  expect(billed).toBeGreaterThanOrEqual(CALLS);
  expect(billed).toBeLessThanOrEqual(CALLS + landings.length);
});

test("takes thousands of records with one response id apart, in the time of a landing", () => {
  const verdicts = verdictsAfter([
    records({ responseId: "always-the-same" }).map((record, ordinal) => rowOf(record, ordinal)),
  ]);
  expect(billedCount(verdicts)).toBe(CALLS);
});
