import { isModelCallRow } from "./call-row.ts";
import type { CallRow } from "./call-row.ts";
import { honest, judgeCall, wrong } from "./judge-call.ts";
import type { Finding, Grade } from "./judge-call.ts";
import { intervalOf, matchCalls, overlaps } from "./match-calls.ts";
import { rowCounts, TOKEN_FIELDS, trueCounts } from "./token-fields.ts";
import type { TokenField } from "./token-fields.ts";
import { answeredCalls, isBrokenOff } from "./truth.ts";
import type { Truth, TrueCall } from "./truth.ts";
import { countsOfCall, spanningOnly } from "./visible-usage.ts";
import type { WireRecord } from "./wire-records.ts";

export interface Verdict {
  readonly grade: Grade;
  /** Reasons with how often each applies; empty when everything is right. */
  readonly reasons: readonly string[];
  readonly answered: number;
  readonly billed: number;
  readonly truth: Readonly<Record<TokenField, number>>;
  readonly ours: Readonly<Record<TokenField, number>>;
  /** The billed row of each answered call that has one. */
  readonly matches: ReadonlyMap<TrueCall, CallRow>;
}

export interface Evidence {
  readonly truth: Truth;
  readonly rows: readonly CallRow[];
  readonly records: readonly WireRecord[];
  /** Requests that the collector did not take. */
  readonly refused: readonly string[];
}

/** Compares what landed with the provider's log. */
export function judgeScenario(evidence: Evidence): Verdict {
  const { truth, rows, refused } = evidence;
  const answered = answeredCalls(truth);
  const billed = rows.filter((row) => row.billed);
  const matches = matchCalls(answered, billed);
  const findings = [
    ...refused.map((said) => wrong(`request not taken: ${said}`)),
    ...answered.flatMap((call) => judgeAnswered(call, matches.get(call), evidence)),
    ...judgeOthers(billed, matches, truth),
  ];
  return {
    grade: worst(findings),
    reasons: counted(findings),
    answered: answered.length,
    billed: billed.length,
    truth: sumOf(answered.map((call) => trueCounts(call))),
    ours: sumOf(billed.map((row) => rowCounts(row))),
    matches,
  };
}

function judgeAnswered(
  call: TrueCall,
  row: CallRow | undefined,
  { truth, rows, records }: Evidence,
): Finding[] {
  if (row !== undefined) return judgeCall(call, row, records);
  const unbilled = spanningOnly(call, truth.calls, rows).find((each) => isModelCallRow(each));
  if (unbilled !== undefined) return [judgeUnbilled(call, unbilled, records)];
  if (countsOfCall(call, records).length > 0) return [wrong("call on the wire, no row is billed")];
  if (isBrokenOff(call)) return [honest("no span of a stream that broke off")];
  const isNamed = spanningOnly(call, truth.calls, records).some(({ texts }) =>
    texts.has(call.request_model ?? ""),
  );
  return [isNamed ? wrong("span without counts, no row is billed") : honest("no span")];
}

/** Of a stream that broke off a client may tell nothing but the error: then it looks like a call that failed. */
function judgeUnbilled(
  call: TrueCall,
  { source, billRule = "no rule", spanId }: CallRow,
  records: readonly WireRecord[],
): Finding {
  if (!isBrokenOff(call)) return wrong(`call has a row that is not billed (${billRule})`);
  if (source === "missing") return honest(`stream that broke off: ${billRule}, usage missing`);
  const isTold = records
    .filter((record) => record.spanId === spanId)
    .some(({ texts }) => texts.has(call.response_id ?? "") || texts.has(call.response_model ?? ""));
  return isTold
    ? wrong(`answered stream that broke off is not billed (${billRule})`)
    : honest("stream that broke off sent as a failed call");
}

/** Billed rows that are the record of no answered call. */
function judgeOthers(
  billed: readonly CallRow[],
  matches: ReadonlyMap<TrueCall, CallRow>,
  { calls }: Truth,
): Finding[] {
  const matched = new Set(matches.values());
  return billed
    .filter((row) => !matched.has(row))
    .map((row) => {
      const near = calls.filter((call) => overlaps(intervalOf(call), row) || repeats(row, call));
      // The provider saw nothing like it: the application recorded a call that it did not make there.
      if (near.length === 0 && row.signal === "span")
        return honest("record made by hand, without a call");
      const isFailure = near.length > 0 && near.every((call) => call.status !== 200);
      return wrong(isFailure ? "failed call billed" : "call billed again");
    });
}

/** Has the id or the counts of the call: records such as logs come when it is over. */
function repeats(row: CallRow, call: TrueCall): boolean {
  if (call.response_id !== null && row.responseId === call.response_id) return true;
  const { input, output } = trueCounts(call);
  return call.usage !== null && row.input === input && (row.output ?? 0) === output;
}

function worst(findings: readonly Finding[]): Grade {
  const grades = new Set(findings.map(({ grade }) => grade));
  if (grades.has("wrong")) return "wrong";
  return grades.has("honest") ? "honest" : "right";
}

/** Wrong ones first; within a grade in the order in which they were found. */
function counted(findings: readonly Finding[]): string[] {
  const ordered = [
    ...findings.filter(({ grade }) => grade === "wrong"),
    ...findings.filter(({ grade }) => grade === "honest"),
  ];
  const counts = new Map<string, number>();
  for (const { why } of ordered) counts.set(why, (counts.get(why) ?? 0) + 1);
  return [...counts].map(([why, count]) => `${count}x ${why}`);
}

function sumOf(
  all: readonly Readonly<Record<TokenField, number | undefined>>[],
): Readonly<Record<TokenField, number>> {
  const sums = Object.fromEntries(
    TOKEN_FIELDS.map((field) => [field, all.reduce((sum, each) => sum + (each[field] ?? 0), 0)]),
  );
  return sums as Record<TokenField, number>;
}
