import { count, json, kept, ofKind, text } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** Mirascope: OTel names, and the whole usage as JSON beside them; the span around a call repeats it. */
export const MIRASCOPE: Dialect = {
  name: "mirascope",
  signs: { attributes: ["mirascope.*"], scopes: ["mirascope*"] },
  fields: [
    kept(text("provider", "mirascope.response.provider_id", "mirascope.provider_id")),
    text("request_model", "mirascope.response.model_id", "mirascope.model_id"),
    json(
      "mirascope.response.usage",
      count("input", "input_tokens"),
      count("input", "inputTokens"),
      count("output", "output_tokens"),
      count("output", "outputTokens"),
      count("total", "total_tokens"),
      count("cacheRead", "cache_read_tokens"),
      count("cacheRead", "cacheReadTokens"),
      count("cacheWrite", "cache_write_tokens"),
      count("cacheWrite", "cacheWriteTokens"),
      count("reasoning", "reasoning_tokens"),
      count("reasoning", "reasoningTokens"),
    ),
    ofKind("content", "input_messages", "mirascope.response.messages"),
    ofKind("content", "output_messages", "mirascope.response.content"),
  ],
};
