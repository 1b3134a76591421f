import { ofKind, tokens } from "./dialect.ts";
import type { FieldRule } from "./dialect.ts";

/**
 * Counts in the namespace of the OTel conventions under names that the conventions do not have. Each was found in the
 * source of a published producer, and several use most of them: they belong to nobody, and so to every dialect. A name
 * of the conventions on the same record wins.
 */
export const USAGE_SPELLINGS: readonly FieldRule[] = [
  tokens(
    "cacheRead",
    // Sentry's SDKs and conventions; OpenRouter's broadcast of what it passed on.
    "gen_ai.usage.input_tokens.cached",
    // Spring AI Alibaba.
    "gen_ai.usage.input_tokens.cache_read",
    // Elastic, LangWatch (Go), Mastra's first exporters.
    "gen_ai.usage.cached_input_tokens",
    // LiveKit Agents, and what Langfuse reads.
    "gen_ai.usage.input_cached_tokens",
    "gen_ai.usage.input_cache_read",
    "gen_ai.usage.cache_read_tokens",
    // Langtrace.
    "gen_ai.usage.cached_tokens",
    // Bifrost and others that name them as OpenAI's answers do.
    "gen_ai.usage.input_tokens_details.cached_tokens",
    "gen_ai.usage.input_tokens_details.cached",
  ),
  tokens(
    "cacheWrite",
    "gen_ai.usage.input_tokens.cache_write",
    // tRPC-Agent-Go.
    "gen_ai.usage.input_tokens.cache_creation",
    // Strands Agents.
    "gen_ai.usage.cache_write_input_tokens",
    "gen_ai.usage.cache_write_tokens",
    "gen_ai.usage.cache_creation_tokens",
    "gen_ai.usage.input_cache_creation",
  ),
  tokens(
    "reasoning",
    "gen_ai.usage.output_tokens.reasoning",
    "gen_ai.usage.reasoning_output_tokens",
    "gen_ai.usage.output_tokens_details.reasoning_tokens",
    "gen_ai.usage.output_tokens_details.reasoning",
    "gen_ai.usage.output_reasoning_tokens",
    // AG2.
    "gen_ai.usage.thinking_tokens",
  ),
  tokens("audioInput", "gen_ai.usage.input_audio_tokens", "gen_ai.usage.input_tokens.audio"),
  tokens("audioOutput", "gen_ai.usage.output_audio_tokens"),
  tokens("imageOutput", "gen_ai.usage.output_tokens.image"),
  // Microsoft.Extensions.AI in its first previews, and gateways that followed it.
  tokens("input", "gen_ai.response.input_tokens"),
  tokens("output", "gen_ai.response.output_tokens"),
  ofKind("dollars", "client_cost_nano_usd", "gen_ai.usage.total_cost"),
];
