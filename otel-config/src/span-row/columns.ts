/**
 * THE row schema (one row per span, or per log/metric record). Parquet, DuckDB, docs and the
 * TypeScript row type all derive from this list; a column is added here and nowhere else.
 */

/** How a value is typed in memory and in Parquet. `timestamp` is microseconds since the epoch, UTC. */
export type ColumnType = "text" | "int64" | "bool" | "timestamp";

/** Text storage: `dictionary` for values that repeat, `plain` for values that mostly do not. */
export type TextEncoding = "dictionary" | "plain";

/** Which lake file holds the column. Content has its own file, retention and access. */
export type ColumnFile = "spans" | "content";

export interface ColumnSpec {
  readonly name: string;
  readonly type: ColumnType;
  readonly encoding?: TextEncoding;
  readonly unit?: string;
  readonly nullable: boolean;
  readonly file: ColumnFile;
  /** Row version that introduced it. */
  readonly since: number;
  /** Where the value comes from, in one phrase. */
  readonly source: string;
}

export const SPAN_ROW_VERSION = 4;

const dictionary = (name: string, source: string): ColumnSpec =>
  ({
    name,
    type: "text",
    encoding: "dictionary",
    nullable: true,
    file: "spans",
    since: 1,
    source,
  }) as const;
const plain = (name: string, source: string): ColumnSpec =>
  ({
    name,
    type: "text",
    encoding: "plain",
    nullable: true,
    file: "spans",
    since: 1,
    source,
  }) as const;
const content = (name: string, source: string): ColumnSpec =>
  ({
    name,
    type: "text",
    encoding: "plain",
    nullable: true,
    file: "content",
    since: 1,
    source,
  }) as const;
const int64 = (name: string, unit: string, source: string): ColumnSpec =>
  ({ name, type: "int64", unit, nullable: true, file: "spans", since: 1, source }) as const;
const bool = (name: string, source: string): ColumnSpec =>
  ({ name, type: "bool", nullable: true, file: "spans", since: 1, source }) as const;
const timestamp = (name: string, source: string): ColumnSpec =>
  ({
    name,
    type: "timestamp",
    unit: "µs",
    nullable: false,
    file: "spans",
    since: 1,
    source,
  }) as const;
const required = (spec: ColumnSpec): ColumnSpec => ({ ...spec, nullable: false });
/** A column that rows of older versions do not have. */
const since = (version: number, spec: ColumnSpec): ColumnSpec => ({ ...spec, since: version });

export const SPAN_COLUMNS: readonly ColumnSpec[] = [
  // identity
  required(dictionary("project_id", "the API key's project")),
  plain("trace_id", "Span.trace_id, lower-case hex; NULL on records without one"),
  plain("span_id", "Span.span_id, lower-case hex; NULL on records without one"),
  plain("parent_span_id", "Span.parent_span_id, lower-case hex; NULL on roots"),
  required(
    dictionary(
      "batch_id",
      "first 16 bytes of SHA-256 over project id, NUL and request body as sent, hex",
    ),
  ),
  since(
    2,
    int64(
      "record_ordinal",
      "records",
      "rises from record to record of a request; with batch_id it names the row",
    ),
  ),
  // time
  timestamp("start_time", "Span.start_time_unix_nano; LogRecord time, else observed time"),
  required(int64("start_unix_nano", "ns", "same, full precision")),
  int64(
    "duration_ns",
    "ns",
    "end - start; 0 when the end lies before the start (flagged); NULL when unknown",
  ),
  timestamp("received_at", "collector clock when the request arrived"),
  // what
  required(dictionary("signal", "span, log or metric")),
  dictionary("service_name", "resource service.name"),
  dictionary("environment", "resource deployment.environment.name, else deployment.environment"),
  dictionary("scope_name", "InstrumentationScope.name"),
  dictionary("scope_version", "InstrumentationScope.version"),
  dictionary("span_name", "Span.name, LogRecord event name, Metric.name; redacted"),
  dictionary("span_kind", "internal, server, client, producer or consumer"),
  dictionary("status", "unset, ok or error"),
  dictionary("status_message", "Status.message; redacted"),
  dictionary("error_type", "error.type, else exception.type of the last exception event"),
  dictionary("dialect", "which attribute dialect was recognised; NULL when none"),
  // call
  dictionary("operation", "gen_ai.operation.name"),
  dictionary(
    "call_role",
    "inference, embedding, rerank, image, audio, tool, retrieval, agent, step, workflow, chain, cache or other",
  ),
  dictionary("provider", "gen_ai.provider.name (canonical), else gen_ai.system"),
  dictionary("request_model", "gen_ai.request.model"),
  dictionary("response_model", "gen_ai.response.model"),
  plain("response_id", "gen_ai.response.id"),
  dictionary("finish_reasons", "gen_ai.response.finish_reasons as a JSON array of strings"),
  bool("streaming", "gen_ai.request.stream"),
  int64("ttft_ns", "ns", "gen_ai.response.time_to_first_chunk (s)"),
  dictionary("service_tier", "openai.response.service_tier, else the requested tier"),
  // usage: input_tokens and output_tokens are inclusive (OTel meaning), the parts are disjoint
  int64("input_tokens", "tokens", "all input tokens, cached and every modality included"),
  int64("output_tokens", "tokens", "all output tokens, reasoning included"),
  int64("input_uncached_tokens", "tokens", "text input neither read from nor written to a cache"),
  since(
    4,
    int64(
      "tool_use_prompt_tokens",
      "tokens",
      "the part of input_uncached_tokens that the provider's own tools put into the prompt, where that is told apart",
    ),
  ),
  int64("cache_read_tokens", "tokens", "input read from the provider's cache"),
  int64(
    "cache_write_5m_tokens",
    "tokens",
    "input written to a cache with the default time to live",
  ),
  int64(
    "cache_write_1h_tokens",
    "tokens",
    "input written to a cache with the one hour time to live",
  ),
  int64("reasoning_tokens", "tokens", "output spent on reasoning"),
  int64("audio_input_tokens", "tokens", "audio input"),
  int64("audio_output_tokens", "tokens", "audio output"),
  int64("image_input_tokens", "tokens", "image input"),
  since(2, int64("image_output_tokens", "tokens", "image output")),
  since(
    2,
    int64("web_search_requests", "searches", "searches that the provider charges one by one"),
  ),
  dictionary(
    "usage_basis",
    "proven, rule or spec: how inclusive and exclusive counts were told apart",
  ),
  dictionary("usage_source", "reported, derived, estimated or missing"),
  since(
    2,
    dictionary("usage_rule", "which rule read the counts, or why they are estimated or missing"),
  ),
  // money
  int64("cost_nano_usd", "nano-USD", "usage x price; NULL when unknown, never 0 for unknown"),
  dictionary("price_version", "version of the price book that priced the row"),
  int64("client_cost_nano_usd", "nano-USD", "the client's own claim, never added to ours"),
  // billing
  bool("billed", "does this row count as one model call?"),
  dictionary("bill_rule", "the rule that decided it"),
  plain("shadowed_by", "span id of the record that is billed instead"),
  // who
  dictionary("user_id", "user.id, else enduser.id"),
  dictionary("session_id", "gen_ai.conversation.id, else session.id"),
  dictionary("tenant", "lensai.tenant, else tenant.id"),
  dictionary("team", "lensai.team, else team.id"),
  dictionary("feature", "lensai.feature"),
  dictionary("route", "lensai.route, else http.route"),
  dictionary("prompt_name", "gen_ai.prompt.name"),
  dictionary("prompt_version", "gen_ai.prompt.version"),
  dictionary("agent_name", "gen_ai.agent.name"),
  dictionary("tool_name", "gen_ai.tool.name"),
  plain("tool_call_id", "gen_ai.tool.call.id"),
  dictionary(
    "api_key_id",
    "id of the key that authenticated the request; NULL for keyless loopback ingest",
  ),
  dictionary("instance_id", "resource service.instance.id"),
  // control
  dictionary("budget_decision", "lensai.budget.decision"),
  dictionary("lease_id", "lensai.budget.lease_id: of every budget, with spaces between them"),
  since(
    3,
    int64(
      "charged_nano_usd",
      "nano-USD",
      "lensai.budget.charged_nano_usd: what the guard has charged each of the leases; the bill may say something else",
    ),
  ),
  // content (a file of its own; redacted)
  int64("redaction_count", "matches", "how many matches were masked in this record"),
  content("input_messages", "gen_ai.input.messages as JSON text"),
  content("output_messages", "gen_ai.output.messages as JSON text"),
  content("system_instructions", "gen_ai.system_instructions as JSON text"),
  content("tool_definitions", "gen_ai.tool.definitions as JSON text"),
  // rest
  plain("attributes", "every attribute that no column holds verbatim, as a JSON object; redacted"),
  dictionary(
    "resource",
    "resource attributes as a JSON object; redacted, host and process details dropped",
  ),
  plain("events", "span events (or the log record itself) as a JSON array; redacted"),
  plain("links", "span links as a JSON array"),
];

/** Columns repeated in the content file so that it joins with the spans file. */
export const CONTENT_KEY_COLUMNS: readonly string[] = ["project_id", "trace_id", "span_id"];

const indexByName = new Map(SPAN_COLUMNS.map((column, index) => [column.name, index]));

/** Position of a column in SPAN_COLUMNS. Throws RangeError for a name that is not a column. */
export function columnIndex(name: string): number {
  const index = indexByName.get(name);
  if (index === undefined) throw new RangeError(`"${name}" is not a column of the span row`);
  return index;
}
