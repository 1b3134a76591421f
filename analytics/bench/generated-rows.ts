import { columnIndex } from "@lensai/otel-config/span-row/columns";
import {
  RowBatch,
  addDictionaryEntry,
  setInt64,
  setPlain,
} from "@lensai/otel-config/span-row/row-batch";

/** A table of rows as applications with agents send them: made from a seed, nothing recorded. */
export interface GeneratedOptions {
  readonly rows: number;
  readonly seed: number;
  /** Time of the first and of the last row. */
  readonly fromUnixMs: number;
  readonly toUnixMs: number;
  /** Half of the rows carry 1 to 4 KB of messages in each direction. */
  readonly hasContent: boolean;
}

const SPANS_PER_REQUEST = 512;
const SPANS_PER_TRACE = 4;
const PROJECTS = 3;
const USERS = 2000;
const MODELS = [
  "gpt-4o",
  "gpt-4o-mini",
  "claude-sonnet-4-5",
  "gemini-2.5-pro",
  "o4-mini",
  "mistral",
];
const ERRORS = ["rate_limit_exceeded", "timeout", "500"];
const WORDS =
  "the model said that every answer was written by hand and nobody could tell which part of this long text came first or why it mattered so much to them when reading about prices models tokens".split(
    " ",
  );

type Random = () => number;

/** Mulberry32: the same numbers in [0, 1) for the same seed. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export function generateBatch(options: GeneratedOptions): RowBatch {
  const batch = new RowBatch(options.rows);
  const writer = new RowWriter(batch, randomFrom(options.seed));
  for (let row = 0; row < options.rows; row += 1) writer.write(row, options);
  batch.rowCount = options.rows;
  return batch;
}

class RowWriter {
  readonly #batch: RowBatch;
  readonly #random: Random;
  readonly #codes = new Map<string, Map<string, number>>();
  #trace = "";
  #root = "";

  constructor(batch: RowBatch, random: Random) {
    this.#batch = batch;
    this.#random = random;
  }

  write(row: number, options: GeneratedOptions): void {
    const isRoot = row % SPANS_PER_TRACE === 0;
    const request = Math.floor(row / SPANS_PER_REQUEST);
    if (isRoot) this.#trace = this.#hex(16);
    const spanId = this.#hex(8);
    if (isRoot) this.#root = spanId;
    this.#text(row, {
      project_id: `project-${request % PROJECTS}`,
      batch_id: String(request).padStart(32, "0"),
      signal: "span",
      service_name: `service-${request % 5}`,
      environment: "production",
      scope_name: "openai_v2",
      scope_version: "2.1.0",
      resource: `{"telemetry.sdk.language":"python","service.version":"1.4.${request % 5}"}`,
      trace_id: this.#trace,
      span_id: spanId,
      ...(isRoot ? {} : { parent_span_id: this.#root }),
    });
    this.#times(row, options);
    if (isRoot) this.#agent(row);
    else this.#call(row, options);
  }

  #times(row: number, options: GeneratedOptions): void {
    const { fromUnixMs, toUnixMs, rows } = options;
    const batch = this.#batch;
    const ms = fromUnixMs + ((toUnixMs - fromUnixMs) * row) / rows + this.#random() * 3000;
    const nanos = BigInt(Math.floor(ms * 1000)) * 1000n + BigInt(this.#below(1000));
    batch.int64("start_unix_nano").values[row] = nanos;
    batch.int64("start_unix_nano").valid[row] = 1;
    batch.int64("start_time").values[row] = nanos / 1000n;
    batch.int64("start_time").valid[row] = 1;
    setInt64(batch.int64("received_at"), row, Math.floor(ms / 1000) * 1_000_000 + 5_000_000);
    setInt64(batch.int64("duration_ns"), row, Math.floor(200e6 + this.#random() ** 3 * 20e9));
    setInt64(batch.int64("redaction_count"), row, 0);
  }

  #agent(row: number): void {
    this.#text(row, {
      span_name: "invoke_agent helper",
      span_kind: "internal",
      status: "unset",
      operation: "invoke_agent",
      call_role: "agent",
      agent_name: "helper",
    });
    this.#flag("billed", row, false);
  }

  #call(row: number, options: GeneratedOptions): void {
    const model = MODELS[Math.floor(this.#random() ** 2 * MODELS.length)] as string;
    const user = this.#below(USERS);
    const isError = this.#random() < 0.02;
    this.#text(row, {
      span_name: `chat ${model}`,
      span_kind: "client",
      status: isError ? "error" : "unset",
      ...(isError ? { error_type: ERRORS[this.#below(ERRORS.length)] as string } : {}),
      dialect: "otel-gen-ai",
      operation: "chat",
      call_role: "inference",
      provider: "openai",
      request_model: model,
      response_model: `${model}-2025-06-01`,
      response_id: `chatcmpl-${this.#hex(14)}`,
      finish_reasons: '["stop"]',
      usage_basis: "spec",
      usage_source: "reported",
      price_version: "2026-02-01",
      bill_rule: "call",
      user_id: `user-${user}`,
      session_id: `session-${user}-${Math.floor(row / 5000)}`,
      tenant: `tenant-${user % 40}`,
      feature: `feature-${this.#below(6)}`,
      attributes: `{"gen_ai.request.temperature":0.${this.#below(10)},"gen_ai.request.max_tokens":1024,"server.address":"api.example.com","server.port":443}`,
    });
    this.#flag("billed", row, true);
    this.#flag("streaming", row, this.#random() < 0.5);
    this.#usage(row, isError);
    if (options.hasContent && this.#random() < 0.66) {
      this.#text(row, { input_messages: this.#message(), output_messages: this.#message() });
    }
  }

  #usage(row: number, isError: boolean): void {
    const batch = this.#batch;
    const cached = this.#random() < 0.3 ? this.#below(2000) : 0;
    const input = cached + 50 + this.#below(4000);
    const output = isError ? 0 : 1 + this.#below(800);
    setInt64(batch.int64("input_tokens"), row, input);
    setInt64(batch.int64("input_uncached_tokens"), row, input - cached);
    setInt64(batch.int64("cache_read_tokens"), row, cached);
    setInt64(batch.int64("output_tokens"), row, output);
    setInt64(batch.int64("cost_nano_usd"), row, input * 2500 + output * 10_000);
    setInt64(batch.int64("ttft_ns"), row, Math.floor(100e6 + this.#random() ** 2 * 1e9));
  }

  #text(row: number, values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) {
      const bytes = Buffer.from(value);
      const column = this.#batch.columns[columnIndex(name)];
      if (column?.kind === "plain") setPlain(column, row, bytes);
      if (column?.kind === "dictionary") column.codes[row] = this.#code(name, value);
    }
  }

  #code(name: string, value: string): number {
    const codes = this.#codes.get(name) ?? new Map<string, number>();
    this.#codes.set(name, codes);
    const known = codes.get(value);
    if (known !== undefined) return known;
    const code = addDictionaryEntry(this.#batch.dictionary(name), Buffer.from(value));
    codes.set(value, code);
    return code;
  }

  #flag(name: string, row: number, value: boolean): void {
    const column = this.#batch.bool(name);
    column.valid[row] = 1;
    column.values[row] = value ? 1 : 0;
  }

  #message(): string {
    const bytes = 1000 + this.#below(3000);
    let text = '[{"role":"user","parts":[{"type":"text","content":"';
    while (text.length < bytes)
      text += `${WORDS[this.#below(WORDS.length)] ?? ""}${this.#below(100)} `;
    return `${text}"}]}]`;
  }

  #hex(bytes: number): string {
    let text = "";
    while (text.length < bytes * 2) text += this.#below(0x1000000).toString(16).padStart(6, "0");
    return text.slice(0, bytes * 2);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}
