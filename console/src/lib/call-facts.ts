import { BASIS_WORDS, SOURCE_WORDS, usageRuleWords } from "@lensai/otel-config/explain/usage-words";
import { verdictOf } from "@lensai/otel-config/explain/verdict";
import type { RowValue, SpanRow } from "@lensai/otel-config/span-row/span-row";
import { formatCount } from "./format/count.ts";
import { formatDuration } from "./format/duration.ts";
import { formatMoney } from "./format/money.ts";
import { indentJson } from "./indent-json.ts";
import { NOT_BILLED, NOT_BILLED_REASON } from "./not-billed.ts";
import { formatFullTime } from "./format/time.ts";

/** One line of the call page. */
interface Fact {
  readonly label: string;
  /** Undefined: not reported. */
  readonly value: string | undefined;
  /** Why the value is what it is, or what it means. */
  readonly note?: string;
  /** Ids and other text that is read letter by letter. */
  readonly isCode?: boolean;
}

export interface FactGroup {
  readonly title: string;
  readonly facts: readonly Fact[];
}

const NANOS_PER_MS = 1e6;

const text = (value: RowValue | undefined): string | undefined =>
  typeof value === "string" && value !== "" ? value : undefined;
/** The column is a JSON array of strings. */
const list = (value: RowValue | undefined): string | undefined => {
  const json = text(value);
  if (json === undefined) return undefined;
  const items = parseJson(json);
  return Array.isArray(items) ? items.join(", ") : json;
};
const count = (value: RowValue | undefined): string | undefined =>
  typeof value === "bigint" ? formatCount(value) : undefined;
const money = (value: RowValue | undefined): string | undefined =>
  typeof value === "bigint" ? formatMoney(value) : undefined;
/** No call takes no time: it is not known how long an answer of a batch took. */
const nanos = (value: RowValue | undefined): string | undefined =>
  typeof value === "bigint" && value !== 0n
    ? formatDuration(Number(value) / NANOS_PER_MS)
    : undefined;
const micros = (value: RowValue | undefined): string | undefined =>
  typeof value === "bigint" ? formatFullTime(Number(value / 1000n)) : undefined;
const yesNo = (value: RowValue | undefined): string | undefined => {
  if (typeof value !== "boolean") return undefined;
  return value ? "yes" : "no";
};

/** The usage parts, in the order in which they add up. */
const USAGE_PARTS: readonly (readonly [column: string, label: string])[] = [
  ["input_uncached_tokens", "Input, not cached"],
  ["tool_use_prompt_tokens", "Of it, brought by the provider's tools"],
  ["cache_read_tokens", "Input read from cache"],
  ["cache_write_5m_tokens", "Input written to cache"],
  ["cache_write_1h_tokens", "Input written to cache (1 h)"],
  ["audio_input_tokens", "Audio input"],
  ["image_input_tokens", "Image input"],
  ["reasoning_tokens", "Output spent on reasoning"],
  ["audio_output_tokens", "Audio output"],
  ["image_output_tokens", "Image output"],
];

/** What the call page says about a record, group by group. */
export function callFacts(row: SpanRow): FactGroup[] {
  return [
    { title: "Cost", facts: costFacts(row) },
    { title: "Usage", facts: usageFacts(row) },
    { title: "Call", facts: callGroup(row) },
    { title: "Time", facts: timeFacts(row) },
    { title: "Who", facts: whoFacts(row) },
    { title: "Record", facts: recordFacts(row) },
  ];
}

function costFacts(row: SpanRow): Fact[] {
  return [
    { label: "Cost", ...costFact(row) },
    ...optional({ label: "Price version", value: text(row["price_version"]), isCode: true }),
    {
      label: "The client's own claim",
      value: money(row["client_cost_nano_usd"]),
      note: "never added to ours",
    },
    billedFact(row),
    ...optional({ label: "Billed instead", value: text(row["shadowed_by"]), isCode: true }),
  ];
}

function costFact(row: SpanRow): Pick<Fact, "value" | "note"> {
  const cost = money(row["cost_nano_usd"]);
  if (cost !== undefined) return { value: cost };
  const { kind } = verdictOf(row);
  if (kind === "failed") return { value: NOT_BILLED, note: NOT_BILLED_REASON };
  if (kind === "no_call") return { value: "none", note: "this record is not a model call" };
  if (row["usage_source"] === "missing" || typeof row["input_tokens"] !== "bigint") {
    return { value: "unknown", note: "no usage was reported" };
  }
  return { value: "unknown", note: "the price book cannot price this model and usage" };
}

function billedFact(row: SpanRow): Fact {
  const rule = text(row["bill_rule"]);
  return {
    label: "Billed",
    value: yesNo(row["billed"]),
    ...(rule === undefined ? {} : { note: verdictOf(row).text }),
  };
}

function usageFacts(row: SpanRow): Fact[] {
  const parts = USAGE_PARTS.flatMap(([column, label]) =>
    optional({ label, value: count(row[column]) }),
  );
  return [
    { label: "Input tokens", value: count(row["input_tokens"]), note: "all parts included" },
    { label: "Output tokens", value: count(row["output_tokens"]), note: "reasoning included" },
    ...parts,
    ...noted("Source", text(row["usage_source"]), SOURCE_WORDS),
    ...noted("Basis", text(row["usage_basis"]), BASIS_WORDS),
    ...ruleFact(text(row["usage_rule"])),
  ];
}

function ruleFact(rule: string | undefined): Fact[] {
  const note = rule === undefined ? undefined : usageRuleWords(rule);
  return optional({ label: "Rule", value: rule, ...(note === undefined ? {} : { note }) });
}

/** A line whose value is a word of the contract, with its meaning. */
const noted = (
  label: string,
  value: string | undefined,
  notes: Readonly<Record<string, string>>,
): Fact[] => {
  const note = notes[value ?? ""];
  return optional({ label, value, ...(note === undefined ? {} : { note }) });
};

function callGroup(row: SpanRow): Fact[] {
  return [
    { label: "Operation", value: text(row["operation"]) },
    { label: "Provider", value: text(row["provider"]) },
    { label: "Model asked for", value: text(row["request_model"]) },
    { label: "Model that answered", value: text(row["response_model"]) },
    { label: "Streaming", value: yesNo(row["streaming"]) },
    { label: "Finish reasons", value: list(row["finish_reasons"]) },
    { label: "Response id", value: text(row["response_id"]), isCode: true },
    ...optional({ label: "Service tier", value: text(row["service_tier"]) }),
    ...optional({ label: "Agent", value: text(row["agent_name"]) }),
    ...optional({ label: "Tool", value: text(row["tool_name"]) }),
    ...optional({ label: "Prompt", value: text(row["prompt_name"]) }),
  ];
}

function timeFacts(row: SpanRow): Fact[] {
  return [
    { label: "Started", value: micros(row["start_time"]) },
    { label: "Latency", value: nanos(row["duration_ns"]) },
    { label: "First token after", value: nanos(row["ttft_ns"]) },
    { label: "Received", value: micros(row["received_at"]) },
  ];
}

function whoFacts(row: SpanRow): Fact[] {
  return [
    { label: "User", value: text(row["user_id"]) },
    { label: "Session", value: text(row["session_id"]), isCode: true },
    { label: "Service", value: text(row["service_name"]) },
    { label: "Environment", value: text(row["environment"]) },
    ...optional({ label: "Tenant", value: text(row["tenant"]) }),
    ...optional({ label: "Team", value: text(row["team"]) }),
    ...optional({ label: "Feature", value: text(row["feature"]) }),
    ...optional({ label: "Route", value: text(row["route"]) }),
  ];
}

function recordFacts(row: SpanRow): Fact[] {
  return [
    { label: "Trace", value: text(row["trace_id"]), isCode: true },
    { label: "Span", value: text(row["span_id"]), isCode: true },
    ...optional({ label: "Parent span", value: text(row["parent_span_id"]), isCode: true }),
    { label: "Batch", value: text(row["batch_id"]), isCode: true },
    { label: "Dialect", value: text(row["dialect"]), isCode: true },
    { label: "Scope", value: text(row["scope_name"]), isCode: true },
    { label: "Masked matches", value: count(row["redaction_count"]) ?? "none" },
  ];
}

/** A line that is left out when there is nothing to say. */
const optional = (fact: Fact): Fact[] => (fact.value === undefined ? [] : [fact]);

export interface Attachment {
  readonly title: string;
  /** Indented JSON, or the text as it is when it is not JSON. */
  readonly body: string;
}

const ATTACHMENTS: readonly (readonly [column: string, title: string])[] = [
  ["system_instructions", "System instructions"],
  ["input_messages", "Input messages"],
  ["output_messages", "Output messages"],
  ["tool_definitions", "Tool definitions"],
  ["attributes", "Attributes"],
  ["resource", "Resource"],
  ["events", "Events"],
  ["links", "Links"],
];

/** The JSON columns that hold something. */
export function callAttachments(row: SpanRow): Attachment[] {
  return ATTACHMENTS.flatMap(([column, title]) => {
    const value = text(row[column]);
    return value === undefined || value === "[]" || value === "{}"
      ? []
      : [{ title, body: indentJson(value) }];
  });
}

/** Undefined for text that is not JSON. */
function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}
