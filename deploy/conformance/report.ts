import type { CallRow } from "./call-row.ts";
import type { ScenarioResult } from "./run-scenario.ts";
import { textTable } from "./text-table.ts";
import { rowCounts, trueCounts } from "./token-fields.ts";
import type { TokenCounts, TokenField } from "./token-fields.ts";
import { isBrokenOff } from "./truth.ts";

const GRADE_TITLES = { right: "right", honest: "honest", wrong: "WRONG" } as const;

const pair = (truth: number, ours: number): string =>
  truth === ours ? String(truth) : `${truth}/${ours}`;

/** One line per scenario; a cell with a slash is truth/ours. */
export function verdictTable(results: readonly ScenarioResult[]): string {
  const fields: readonly TokenField[] = ["input", "output", "cacheRead", "cacheWrite", "reasoning"];
  const lines = results.map(({ scenario, verdict }) => [
    scenario.client,
    scenario.name,
    pair(verdict.answered, verdict.billed),
    ...fields.map((field) => pair(verdict.truth[field], verdict.ours[field])),
    [GRADE_TITLES[verdict.grade], verdict.reasons.join("; ")].filter(Boolean).join(": "),
  ]);
  const titles = "client,scenario,calls,input,output,cached,cache write,reasoning,verdict";
  return textTable(titles.split(","), lines);
}

export function totalsLine(results: readonly ScenarioResult[]): string {
  const graded = (grade: keyof typeof GRADE_TITLES): number =>
    results.filter(({ verdict }) => verdict.grade === grade).length;
  const sum = (of: (result: ScenarioResult) => number): number =>
    results.reduce((total, result) => total + of(result), 0);
  const calls = pair(
    sum(({ verdict }) => verdict.answered),
    sum(({ verdict }) => verdict.billed),
  );
  return (
    `${results.length} scenarios: ${graded("right")} right, ${graded("honest")} honest, ` +
    `${graded("wrong")} WRONG; calls ${calls}`
  );
}

const COUNT_TITLES = "input,output,read,write,write 1h,reason".split(",");

/** The provider's log, and below it every row that landed, aligned by the call that it stands for. */
export function scenarioDetail({ truth, rows, verdict }: ScenarioResult): string {
  const startMs = Math.min(...truth.calls.map((call) => call.t_start_unix_ms));
  const callOf = new Map([...verdict.matches].map(([call, row]) => [row, call.id]));
  const calls = truth.calls.map((call) => [
    `#${call.id}`,
    ...timesOf(call.t_start_unix_ms - startMs, call.latency_ms),
    `${call.status}${call.stream === true ? " stream" : ""}${isBrokenOff(call) ? " broken" : ""}`,
    call.usage_on_wire ? "yes" : "no",
    ...countCells(trueCounts(call)),
    call.request_model ?? "",
    call.response_id ?? "",
    call.api,
  ]);
  const callTitles = ["call", "at", "ms", "status", "usage sent", ...COUNT_TITLES];
  const landed = rows.map((row) => rowCells(row, callOf.get(row), startMs));
  const rowTitles = ["call", "at", "ms", "billed", "bill rule", "shadowed by", "role", "status"];
  return [
    textTable([...callTitles, "model", "response id", "api"], calls),
    textTable(
      [...rowTitles, "source", "basis", "usage rule", ...COUNT_TITLES, ...WHAT_TITLES],
      landed,
    ),
  ].join("\n\n");
}

const WHAT_TITLES = "model,response id,span,parent,trace,signal,dialect,scope,name".split(",");

function rowCells(row: CallRow, callId: number | undefined, startMs: number): string[] {
  const model = row.responseModel ?? row.requestModel;
  return [
    callId === undefined ? "" : `#${callId}`,
    ...timesOf(row.startMs - startMs, row.endMs - row.startMs),
    row.billed ? "yes" : "",
    row.billRule ?? "",
    row.shadowedBy ?? "",
    row.role ?? "",
    row.status ?? "",
    row.source ?? "",
    row.basis ?? "",
    row.usageRule ?? "",
    ...countCells(rowCounts(row)),
    ...[model, row.responseId, row.spanId, row.parentSpanId].map((text) => text ?? ""),
    (row.traceId ?? "").slice(0, TRACE_DIGITS),
    ...[row.signal, row.dialect, row.scope, row.name].map((text) => text ?? ""),
  ];
}

/** Enough to tell the traces of one scenario apart. */
const TRACE_DIGITS = 8;

const timesOf = (atMs: number, durationMs: number): string[] => [
  atMs.toFixed(0),
  durationMs.toFixed(0),
];

function countCells(counts: TokenCounts | Readonly<Record<TokenField, number>>): string[] {
  const { input, output, cacheRead, cacheWrite, cacheWrite1h, reasoning } = counts;
  return [input, output, cacheRead, cacheWrite, cacheWrite1h, reasoning].map((count) =>
    count === undefined ? "-" : String(count),
  );
}

/** The same for programs: one object per scenario. */
export function verdictJson(results: readonly ScenarioResult[]): string {
  const plain = results.map(({ scenario, verdict }) => {
    const { matches: _, ...rest } = verdict;
    return { client: scenario.client, scenario: scenario.name, ...rest };
  });
  return JSON.stringify(plain, undefined, 2);
}
