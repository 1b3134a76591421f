import { modelFamily } from "@lensai/otel-config/billing/model-family";
import { CACHED_COLUMNS, PART_COLUMNS } from "@lensai/otel-config/billing/part-columns";
import { callPartOf, isBoundaryRole } from "@lensai/otel-config/billing/record-part";
import type { CallPart, CallUsage } from "@lensai/otel-config/billing/call-record";
import type { CallRole } from "@lensai/otel-config/dialects/call-role";
import { columnIndex } from "@lensai/otel-config/span-row/columns";
import { NULL_CODE, dictionaryEntry, readSafeInt64 } from "@lensai/otel-config/span-row/row-batch";
import type {
  DictionaryColumn,
  Int64Column,
  PlainColumn,
  RowBatch,
} from "@lensai/otel-config/span-row/row-batch";
import { hashBytes, hashRange, hexWord } from "./id-hash.ts";

/** The span ids of a row as words; `has` says which of them it carries. */
export class RowIds {
  readonly trace = new Int32Array(4);
  spanHigh = 0;
  spanLow = 0;
  parentHigh = 0;
  parentLow = 0;
  hasTrace = false;
  hasSpan = false;
  hasParent = false;
}

const TRACE = columnIndex("trace_id");
const SPAN = columnIndex("span_id");
const PARENT = columnIndex("parent_span_id");
const RESPONSE = columnIndex("response_id");
const START = columnIndex("start_time");
const DURATION = columnIndex("duration_ns");
const ORDINAL = columnIndex("record_ordinal");
const INPUT = columnIndex("input_tokens");
const OUTPUT = columnIndex("output_tokens");
const REASONING = columnIndex("reasoning_tokens");
const COST = columnIndex("cost_nano_usd");
const TOOL_USE_PROMPT = columnIndex("tool_use_prompt_tokens");
const CACHED = CACHED_COLUMNS.map((name) => columnIndex(name));
const PARTS = PART_COLUMNS.map((name) => columnIndex(name));
const NANOS_PER_MICRO = 1000;
const TRACE_DIGITS = 32;
const SPAN_DIGITS = 16;

const decoder = new TextDecoder();

/** Reads what billing needs out of the columns of one batch. Texts that repeat are looked at once. */
export class RowReader {
  private readonly batch: RowBatch;
  readonly projects: CodeValues<string>;
  readonly batchIds: CodeValues<Int32Array>;
  readonly services: CodeValues<number>;
  readonly instances: CodeValues<number>;
  readonly scopes: CodeValues<number>;
  readonly names: CodeValues<number>;
  readonly requestModels: CodeValues<number>;
  readonly responseModels: CodeValues<number>;
  private readonly roles: CodeValues<string>;
  private readonly signals: CodeValues<string>;
  private readonly sources: CodeValues<string>;

  constructor(batch: RowBatch) {
    this.batch = batch;
    const texts = (name: string): CodeValues<string> =>
      new CodeValues(batch.dictionary(name), (bytes) => decoder.decode(bytes));
    const hashes = (name: string): CodeValues<number> =>
      new CodeValues(batch.dictionary(name), hashBytes);
    const families = (name: string): CodeValues<number> =>
      new CodeValues(batch.dictionary(name), (bytes) =>
        hashBytes(Buffer.from(modelFamily(decoder.decode(bytes)))),
      );
    this.projects = texts("project_id");
    this.roles = texts("call_role");
    this.signals = texts("signal");
    this.sources = texts("usage_source");
    this.services = hashes("service_name");
    this.instances = hashes("instance_id");
    this.scopes = hashes("scope_name");
    this.names = hashes("span_name");
    this.requestModels = families("request_model");
    this.responseModels = families("response_model");
    this.batchIds = new CodeValues(batch.dictionary("batch_id"), (bytes) =>
      Int32Array.from([0, 8, 16, 24], (at) => hexWord(bytes, at)),
    );
  }

  signalOf(row: number): string {
    return this.signals.get(row) ?? "";
  }

  partOf(row: number): CallPart | undefined {
    return callPartOf({
      role: this.roles.get(row) as CallRole | undefined,
      signal: this.signalOf(row),
      hasModel: this.requestModels.has(row) || this.responseModels.has(row),
      usageSource: this.sourceOf(row),
    });
  }

  isBoundary(row: number): boolean {
    return isBoundaryRole(this.roles.get(row) as CallRole | undefined);
  }

  /** 0 for a row without a response id. */
  responseOf(row: number): number {
    const column = this.batch.columns[RESPONSE] as PlainColumn;
    const at = textAt(column, row);
    return at === 0 ? 0 : hashRange(column.bytes, at, at + lengthAt(column.bytes, at - 4));
  }

  startMicros(row: number): number {
    return readSafeInt64(this.int64(START), row) ?? 0;
  }

  endMicros(row: number): number {
    const nanos = readSafeInt64(this.int64(DURATION), row) ?? 0;
    return this.startMicros(row) + Math.floor(nanos / NANOS_PER_MICRO);
  }

  ordinal(row: number): number {
    return readSafeInt64(this.int64(ORDINAL), row) ?? 0;
  }

  usageOf(row: number): CallUsage {
    let cached = 0;
    for (const column of CACHED) cached += readSafeInt64(this.int64(column), row) ?? 0;
    let partCount = 0;
    for (const column of PARTS) partCount += this.int64(column).valid[row] as number;
    return {
      source: this.sourceOf(row) ?? "none",
      input: readSafeInt64(this.int64(INPUT), row),
      output: readSafeInt64(this.int64(OUTPUT), row),
      cached,
      toolUsePrompt: readSafeInt64(this.int64(TOOL_USE_PROMPT), row) ?? 0,
      reasoning: readSafeInt64(this.int64(REASONING), row) ?? 0,
      partCount,
      isPriced: this.int64(COST).valid[row] === 1,
    };
  }

  readIds(row: number, ids: RowIds): void {
    const { columns } = this.batch;
    const trace = columns[TRACE] as PlainColumn;
    const span = columns[SPAN] as PlainColumn;
    const parent = columns[PARENT] as PlainColumn;
    const traceAt = textAt(trace, row, TRACE_DIGITS);
    ids.hasTrace = traceAt > 0;
    for (let word = 0; ids.hasTrace && word < 4; word += 1) {
      ids.trace[word] = hexWord(trace.bytes, traceAt + word * 8);
    }
    const spanAt = textAt(span, row, SPAN_DIGITS);
    ids.hasSpan = spanAt > 0;
    ids.spanHigh = ids.hasSpan ? hexWord(span.bytes, spanAt) : 0;
    ids.spanLow = ids.hasSpan ? hexWord(span.bytes, spanAt + 8) : 0;
    const parentAt = textAt(parent, row, SPAN_DIGITS);
    ids.hasParent = parentAt > 0;
    ids.parentHigh = ids.hasParent ? hexWord(parent.bytes, parentAt) : 0;
    ids.parentLow = ids.hasParent ? hexWord(parent.bytes, parentAt + 8) : 0;
  }

  private sourceOf(row: number): Exclude<CallUsage["source"], "none"> | undefined {
    return this.sources.get(row) as Exclude<CallUsage["source"], "none"> | undefined;
  }

  private int64(column: number): Int64Column {
    return this.batch.columns[column] as Int64Column;
  }
}

/** Where the text of a plain value begins; 0 for NULL, and for a text of another length than asked for. */
function textAt({ starts, bytes }: PlainColumn, row: number, length?: number): number {
  const start = starts[row] as number;
  if (start === NULL_CODE) return 0;
  return length === undefined || lengthAt(bytes, start - 1) === length ? start + 3 : 0;
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) |
      ((bytes[at + 1] as number) << 8) |
      ((bytes[at + 2] as number) << 16) |
      ((bytes[at + 3] as number) << 24)) >>>
    0
  );
}

/** What a dictionary column's texts mean, worked out once per text. */
export class CodeValues<T> {
  private readonly column: DictionaryColumn;
  private readonly read: (bytes: Uint8Array) => T;
  private readonly values: T[] = [];

  constructor(column: DictionaryColumn, read: (bytes: Uint8Array) => T) {
    this.column = column;
    this.read = read;
  }

  has(row: number): boolean {
    return this.column.codes[row] !== NULL_CODE;
  }

  getOr(row: number, absent: T): T {
    return this.get(row) ?? absent;
  }

  get(row: number): T | undefined {
    const code = this.column.codes[row] as number;
    if (code === NULL_CODE) return undefined;
    const known = this.values[code];
    if (known !== undefined) return known;
    const value = this.read(dictionaryEntry(this.column, code - 1));
    this.values[code] = value;
    return value;
  }
}
