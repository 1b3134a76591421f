import { json, ofKind, own, providerUsage, role, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/**
 * pydantic-ai and Logfire: OTel names, the cache counts a second time under `details`. The run's sums are
 * `gen_ai.aggregated_usage.*` since version 2 and are no usage of a call; version 1 has them as usage of the
 * agent's span.
 */
export const LOGFIRE: Dialect = {
  name: "logfire",
  signs: { attributes: ["logfire.*", "pydantic_ai.*"], scopes: ["pydantic-ai", "logfire*"] },
  openings: ["logfire.openai", "logfire.anthropic"],
  fields: [
    // Spans of calls name their model as OTel does; only the span of a whole run has this.
    own({ ...role("model_name", { "*": "agent" }), isFallback: true }),
    tokens("cacheRead", "gen_ai.usage.details.cache_read_tokens"),
    tokens("cacheRead", "gen_ai.usage.details.cache_read_input_tokens"),
    // Of its first versions, as OpenAI and Google name them.
    tokens("cacheRead", "gen_ai.usage.details.cached_tokens"),
    tokens("cacheRead", "gen_ai.usage.details.cached_content_tokens"),
    tokens("cacheWrite", "gen_ai.usage.details.cache_write_tokens"),
    tokens("cacheWrite", "gen_ai.usage.details.cache_creation_input_tokens"),
    tokens("reasoning", "gen_ai.usage.details.reasoning_tokens"),
    tokens("reasoning", "gen_ai.usage.details.thoughts_tokens"),
    tokens("audioInput", "gen_ai.usage.details.input_audio_tokens"),
    tokens("audioOutput", "gen_ai.usage.details.output_audio_tokens"),
    json("gen_ai.usage.raw", providerUsage()),
    ofKind("dollars", "client_cost_nano_usd", "operation.cost"),
    text("session_id", "gen_ai.agent.call.id"),
    text("agent_name", "agent_name"),
    ofKind("content", "input_messages", "pydantic_ai.all_messages", "all_messages_events"),
    ofKind("content", "output_messages", "final_result"),
  ],
};
