import { createRedactor } from "@lensai/otel-config/redaction/redactor";
import { createPriceBook } from "@lensai/otel-config/pricing/layered-book";
import { RowBatch } from "@lensai/otel-config/span-row/row-batch";
import { appendRow, readRow } from "@lensai/otel-config/span-row/span-row";
import type { SpanRow } from "@lensai/otel-config/span-row/span-row";
import { BatchBilling } from "../src/billing/batch-billing.ts";
import { RequestDecoder } from "../src/decode/request-decoder.ts";
import { Accounting } from "../src/pipeline/accounting.ts";
import { corpusBatch } from "./corpus.ts";

/**
 * What deciding about billing costs, CPU ns per span on one thread: `node collector/bench/billing.ts [words]`,
 * of all traffic or of that whose name has the words. Traffic
 * of one instrumentation, of agents (a sum above four calls below plain spans), of four instrumentations that
 * report calls of their own, and of two that report every call twice in traces of their own. In a load test
 * 32 calls that run at once count the same, each of which may be the other's twin.
 */

const SPANS_PER_REQUEST = 512;
const REQUESTS_PER_BATCH = 32;
const ROUNDS = 8;

interface Traffic {
  readonly name: string;
  readonly makeRows: (calls: readonly SpanRow[]) => SpanRow[];
  /** All requests count the same. */
  readonly isLoadTest?: boolean;
}

const TRAFFIC: readonly Traffic[] = [
  { name: "one instrumentation", makeRows: (calls) => [...calls] },
  { name: "agents over plain spans", makeRows: (calls) => calls.flatMap(belowAgents) },
  { name: "four instrumentations", makeRows: (calls) => calls.map(inTurns) },
  { name: "every call twice", makeRows: (calls) => calls.flatMap(twice) },
  {
    name: "every call twice, load test",
    makeRows: (calls) => calls.flatMap(twice),
    isLoadTest: true,
  },
];

function decodedCalls(): SpanRow[] {
  const batch = new RowBatch(SPANS_PER_REQUEST);
  const decoder = new RequestDecoder(createRedactor(), new Accounting(createPriceBook()), batch);
  const nowMs = Date.now();
  const { body } = corpusBatch({ spans: SPANS_PER_REQUEST, hasContent: false, seed: 1, nowMs });
  const facts = {
    projectId: "p",
    apiKeyId: undefined,
    batchId: "0".repeat(32),
    receivedAtMs: nowMs,
    keepsContent: true,
  };
  const rowsMax = decoder.countRows("traces", body);
  decoder.decode({ signal: "traces", body, facts, rowsMax }, batch, { isNew: () => true });
  return Array.from({ length: batch.rowCount }, (_, row) => readRow(batch, row));
}

const CALLS_PER_AGENT = 4;

/** The first of every four calls brings an agent and a span between, and lends its trace to the others. */
function belowAgents(call: SpanRow, at: number, calls: readonly SpanRow[]): SpanRow[] {
  const first = calls[at - (at % CALLS_PER_AGENT)] as SpanRow;
  const agentId = String(first["trace_id"]).slice(0, 16);
  const httpId = `${String(call["span_id"]).slice(0, 12)}4444`;
  const trace = { trace_id: first["trace_id"] ?? null };
  const plain = {
    call_role: "other",
    request_model: null,
    response_model: null,
    response_id: null,
  };
  const http = { ...call, ...trace, ...plain, usage_source: null, bill_rule: null, billed: null };
  const rows: SpanRow[] = [
    { ...call, ...trace, parent_span_id: httpId },
    { ...http, span_id: httpId, parent_span_id: agentId },
  ];
  if (call !== first) return rows;
  const agent = { ...call, ...plain, call_role: "agent", span_id: agentId, parent_span_id: null };
  return [...rows, agent];
}

function inTurns(call: SpanRow, at: number): SpanRow {
  return { ...call, scope_name: `instrumentation ${at % 4}` };
}

function twice(call: SpanRow): SpanRow[] {
  const trace = `${String(call["trace_id"]).slice(0, 30)}99`;
  return [call, { ...call, scope_name: "other", trace_id: trace, response_id: null }];
}

/** A batch of many requests, each with ids, and but for a load test with counts, of its own. */
function batchOf(rows: readonly SpanRow[], round: number, isLoadTest: boolean): RowBatch {
  const batch = new RowBatch(rows.length * REQUESTS_PER_BATCH);
  for (let request = 0; request < REQUESTS_PER_BATCH; request += 1) {
    const number = round * REQUESTS_PER_BATCH + request;
    const mark = number.toString(16).padStart(8, "0");
    const moreInput = isLoadTest ? 0n : BigInt(number);
    for (const [at, row] of rows.entries()) {
      const responseId = row["response_id"];
      const own = {
        batch_id: mark.repeat(4),
        record_ordinal: BigInt(at),
        trace_id: mark + String(row["trace_id"]).slice(8),
        response_id: responseId === null ? null : `${mark}${String(responseId)}`,
        input_tokens: (row["input_tokens"] as bigint) + moreInput,
        start_time: (row["start_time"] as bigint) + BigInt(request * 20_000),
      };
      appendRow(batch, { ...row, ...own }, 20_000);
    }
  }
  return batch;
}

function measure({ name, makeRows, isLoadTest = false }: Traffic, calls: readonly SpanRow[]): void {
  const rows = makeRows(calls);
  const billing = new BatchBilling();
  let spans = 0;
  let micros = 0;
  let corrections = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const batch = batchOf(rows, round, isLoadTest);
    const before = process.threadCpuUsage();
    corrections += billing.bill(batch, Date.now()).length;
    const { user, system } = process.threadCpuUsage(before);
    // The first half warms up: the window fills and the code is compiled.
    if (round < ROUNDS / 2) continue;
    spans += batch.rowCount;
    micros += user + system;
  }
  const nanos = ((micros * 1000) / spans).toFixed(0).padStart(6);
  const mebibytes = (billing.window.sizeBytes / 2 ** 20).toFixed(1);
  console.log(`  ${name.padEnd(28)}${nanos} ns/span  ${mebibytes} MiB  ${corrections} corrections`);
}

console.log(
  `\nbilling, ${SPANS_PER_REQUEST * REQUESTS_PER_BATCH} calls a batch, CPU of one thread`,
);
const calls = decodedCalls();
const [words = ""] = process.argv.slice(2);
for (const traffic of TRAFFIC.filter(({ name }) => name.includes(words))) measure(traffic, calls);
