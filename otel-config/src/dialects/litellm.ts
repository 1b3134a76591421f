import { count, json, kept, ofKind, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

const CACHE_WRITES = ["prompt_tokens_details", "cache_creation_token_details"] as const;

/** LiteLLM proxy and SDK, both generations of its OpenTelemetry callback. */
export const LITELLM: Dialect = {
  name: "litellm",
  signs: {
    attributes: ["litellm.*", "hidden_params", "metadata.user_api_key_*"],
    scopes: ["litellm"],
    names: ["litellm_request", "raw_gen_ai_request", "Received Proxy Server Request"],
  },
  records: [
    { name: "litellm_request", role: "inference" },
    { name: "raw_gen_ai_request", role: "inference" },
    { name: "Received Proxy Server Request", role: "chain" },
  ],
  fields: [
    kept(ofKind("from_cache", "", "litellm.cache_hit")),
    ofKind(
      "dollars",
      "client_cost_nano_usd",
      "litellm.cost.total",
      "gen_ai.cost.total_cost",
      "litellm.response_cost",
    ),
    tokens("cacheRead", "litellm.usage.cache_read_input_tokens"),
    tokens("cacheWrite", "litellm.usage.cache_creation_input_tokens"),
    // Whatever provider answered, in the form of OpenAI's: inclusive. Python wrote it, not JSON.
    json(
      "metadata.usage_object",
      count("cacheRead", "prompt_tokens_details", "cached_tokens"),
      count("cacheRead", "cache_read_input_tokens"),
      count("cacheWrite", "prompt_tokens_details", "cache_creation_tokens"),
      count("cacheWrite", "cache_creation_input_tokens"),
      count("cacheWrite5m", ...CACHE_WRITES, "ephemeral_5m_input_tokens"),
      count("cacheWrite1h", ...CACHE_WRITES, "ephemeral_1h_input_tokens"),
      count("audioInput", "prompt_tokens_details", "audio_tokens"),
      count("imageInput", "prompt_tokens_details", "image_tokens"),
      count("reasoning", "completion_tokens_details", "reasoning_tokens"),
      count("audioOutput", "completion_tokens_details", "audio_tokens"),
      count("imageOutput", "completion_tokens_details", "image_tokens"),
      count("webSearches", "server_tool_use", "web_search_requests"),
      count("webSearches", "prompt_tokens_details", "web_search_requests"),
    ),
    ofKind("boolean", "streaming", "litellm.request.streaming"),
    text(
      "user_id",
      "litellm.end_user.id",
      "metadata.user_api_key_end_user_id",
      "metadata.user_api_key_user_id",
    ),
    text(
      "team",
      "litellm.team.alias",
      "litellm.team.id",
      "metadata.user_api_key_team_alias",
      "metadata.user_api_key_team_id",
    ),
    text("tenant", "metadata.user_api_key_org_id"),
    text("route", "litellm.request.route"),
  ],
};
