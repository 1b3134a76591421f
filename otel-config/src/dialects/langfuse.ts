import { count, json, ofKind, providerUsage, role, text } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/**
 * Langfuse SDK. `usage_details` are disjoint buckets: `input` and `output` leave out what has a bucket of its own. The
 * SDK of Python passes the usage of OpenAI on as it came.
 */
export const LANGFUSE: Dialect = {
  name: "langfuse",
  signs: { attributes: ["langfuse.observation.*"], scopes: ["langfuse-sdk*"] },
  fields: [
    role("langfuse.observation.type", {
      generation: "inference",
      embedding: "embedding",
      agent: "agent",
      tool: "tool",
      chain: "chain",
      retriever: "retrieval",
      span: "chain",
      event: "other",
      guardrail: "other",
      evaluator: "other",
    }),
    text("request_model", "langfuse.observation.model.name"),
    json(
      "langfuse.observation.usage_details",
      providerUsage(),
      count("input", "input"),
      count("input", "promptTokens"),
      count("output", "output"),
      count("output", "completionTokens"),
      count("total", "total"),
      count("total", "totalTokens"),
      count("cacheRead", "cache_read_input_tokens"),
      count("cacheRead", "input_cached_tokens"),
      count("cacheRead", "input_cache_read"),
      count("cacheWrite", "cache_creation_input_tokens"),
      count("cacheWrite", "input_cache_creation"),
      count("cacheWrite5m", "input_cache_creation_5m"),
      count("cacheWrite1h", "input_cache_creation_1h"),
      count("reasoning", "output_reasoning_tokens"),
      count("reasoning", "output_reasoning"),
      count("audioInput", "input_audio_tokens"),
      count("audioInput", "input_audio"),
      count("audioOutput", "output_audio_tokens"),
      count("audioOutput", "output_audio"),
    ),
    json("langfuse.observation.cost_details", {
      field: "client_cost_nano_usd",
      kind: "dollars",
      path: ["total"],
    }),
    ofKind("moment", "ttft_ns", "langfuse.observation.completion_start_time"),
    { ...ofKind("error", "", "langfuse.observation.level"), keep: true, errors: ["ERROR"] },
    text("user_id", "langfuse.user.id", "langfuse.trace.user_id"),
    text("session_id", "langfuse.session.id", "langfuse.trace.session_id"),
    text("prompt_name", "langfuse.observation.prompt.name"),
    text("prompt_version", "langfuse.observation.prompt.version"),
    ofKind("content", "input_messages", "langfuse.observation.input"),
    ofKind("content", "output_messages", "langfuse.observation.output"),
  ],
};
