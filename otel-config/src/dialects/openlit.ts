import { ofKind, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/**
 * OpenLIT: OTel names with some of its own. Its `gen_ai.client.token.usage` attribute is input plus output
 * and is left alone, and so are resource names that it repeats on spans.
 */
export const OPENLIT: Dialect = {
  name: "openlit",
  signs: {
    attributes: ["gen_ai.sdk.version", "gen_ai.application_name", "openlit.*"],
    scopes: ["openlit*", "@openlit/*"],
  },
  fields: [
    tokens(
      "cacheRead",
      "gen_ai.usage.prompt_tokens_details.cached_tokens",
      "gen_ai.usage.prompt_tokens_details.cache_read",
    ),
    tokens(
      "cacheWrite",
      "gen_ai.usage.prompt_tokens_details.cache_creation_tokens",
      "gen_ai.usage.prompt_tokens_details.cache_write",
    ),
    tokens(
      "reasoning",
      "gen_ai.usage.completion_tokens_details.reasoning_tokens",
      "gen_ai.usage.completion_tokens_details.reasoning",
    ),
    tokens(
      "audioOutput",
      "gen_ai.usage.completion_tokens_details.audio_tokens",
      "gen_ai.usage.completion_tokens_details.audio",
    ),
    ofKind("dollars", "client_cost_nano_usd", "gen_ai.usage.cost"),
    // Of streams only, some of which it says were none.
    ofKind("presence", "streaming", "gen_ai.server.time_per_output_token"),
    ofKind("boolean", "streaming", "gen_ai.request.is_stream"),
    ofKind("seconds", "ttft_ns", "gen_ai.server.time_to_first_token"),
    text("user_id", "gen_ai.request.user"),
    text("session_id", "gen_ai.agent.session_id"),
    text("feature", "gen_ai.application_name"),
  ],
};
