import { count, json, kept, ofKind, role, text, tokens } from "./dialect.ts";
import type { Dialect, JsonMember } from "./dialect.ts";
import type { CallRole } from "./call-role.ts";

const TYPES: Readonly<Record<string, CallRole>> = {
  llm: "inference",
  tool: "tool",
  function: "chain",
  task: "chain",
  eval: "other",
  score: "other",
  review: "other",
};

/** What the SDKs call their counts: inclusive ones, Anthropic's too, which they add up themselves. */
const METRICS: ReadonlyArray<readonly [string, JsonMember["field"]]> = [
  ["prompt_tokens", "input"],
  ["completion_tokens", "output"],
  ["tokens", "total"],
  ["prompt_cached_tokens", "cacheRead"],
  ["prompt_cache_creation_tokens", "cacheWrite"],
  ["prompt_cache_creation_5m_tokens", "cacheWrite5m"],
  ["prompt_cache_creation_1h_tokens", "cacheWrite1h"],
  ["completion_reasoning_tokens", "reasoning"],
  ["prompt_audio_tokens", "audioInput"],
  ["completion_audio_tokens", "audioOutput"],
];

/**
 * Braintrust's SDKs of Go, Java, Ruby and .NET, whose spans carry JSON in strings (.NET: one attribute for each count).
 * `braintrust.parent` alone is on every span that passes its exporter, whoever made it.
 */
export const BRAINTRUST: Dialect = {
  name: "braintrust",
  signs: { attributes: ["braintrust.*"], scopes: ["braintrust*"] },
  fields: [
    { ...role("braintrust.span_attributes.type", TYPES), isFallback: true },
    json("braintrust.span_attributes", {
      field: "call_role",
      kind: "role",
      path: ["type"],
      values: TYPES,
    }),
    json(
      "braintrust.metrics",
      ...METRICS.map(([name, field]): JsonMember => ({ field, kind: "tokens", path: [name] })),
      count("cacheRead", "cache_read_input_tokens"),
      count("cacheWrite", "cache_creation_input_tokens"),
    ),
    ...METRICS.map(([name, field]) => tokens(field as "input", `braintrust.metrics.${name}`)),
    json(
      "braintrust.metadata",
      { field: "provider", kind: "text", path: ["provider"] },
      { field: "request_model", kind: "text", path: ["model"] },
      { field: "response_id", kind: "text", path: ["id"] },
      { field: "streaming", kind: "boolean", path: ["stream"] },
    ),
    kept(text("provider", "braintrust.metadata.provider")),
    text("request_model", "braintrust.metadata.model"),
    ofKind("content", "input_messages", "braintrust.input_json", "braintrust.input"),
    ofKind("content", "output_messages", "braintrust.output_json", "braintrust.output"),
  ],
};
