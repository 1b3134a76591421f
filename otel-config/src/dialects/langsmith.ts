import { count, json, ofKind, role, text } from "./dialect.ts";
import type { Dialect, JsonMember } from "./dialect.ts";

/** LangChain's usage_metadata: inclusive totals with their parts. */
const USAGE_METADATA: readonly JsonMember[] = [
  count("input", "input_tokens"),
  count("output", "output_tokens"),
  count("total", "total_tokens"),
  count("cacheRead", "input_token_details", "cache_read"),
  count("cacheWrite", "input_token_details", "cache_creation"),
  count("cacheWrite5m", "input_token_details", "ephemeral_5m_input_tokens"),
  count("cacheWrite1h", "input_token_details", "ephemeral_1h_input_tokens"),
  count("audioInput", "input_token_details", "audio"),
  count("reasoning", "output_token_details", "reasoning"),
  count("audioOutput", "output_token_details", "audio"),
  { field: "client_cost_nano_usd", kind: "dollars", path: ["total_cost"] },
];

/**
 * LangSmith's OpenTelemetry mode. Its span kind goes before `gen_ai.operation.name`, which calls a retriever
 * "embeddings". `langsmith.trace.session_id` is the project, not a session.
 */
export const LANGSMITH: Dialect = {
  name: "langsmith",
  signs: { attributes: ["langsmith.*"], scopes: ["langsmith"] },
  fields: [
    role("langsmith.span.kind", {
      llm: "inference",
      chain: "chain",
      tool: "tool",
      retriever: "retrieval",
      embedding: "embedding",
      prompt: "other",
      parser: "other",
    }),
    text("provider", "langsmith.metadata.ls_provider"),
    text("request_model", "langsmith.metadata.ls_model_name"),
    json(
      "gen_ai.usage.input_token_details",
      count("cacheRead", "cache_read"),
      count("cacheWrite", "cache_creation"),
      count("audioInput", "audio"),
    ),
    json(
      "gen_ai.usage.output_token_details",
      count("reasoning", "reasoning"),
      count("audioOutput", "audio"),
    ),
    json("langsmith.usage_metadata", ...USAGE_METADATA),
    // Where the Python SDK has it.
    json("langsmith.metadata.usage_metadata", ...USAGE_METADATA),
    ofKind("boolean", "streaming", "langsmith.request.streaming"),
    text("user_id", "langsmith.metadata.user_id"),
    text(
      "session_id",
      "langsmith.metadata.session_id",
      "langsmith.metadata.thread_id",
      "langsmith.metadata.conversation_id",
    ),
  ],
};
