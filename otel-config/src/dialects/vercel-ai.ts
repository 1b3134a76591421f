import type { CallRole } from "./call-role.ts";
import { count, json, kept, ofKind, providerUsage, role, text, tokens } from "./dialect.ts";
import type { Dialect } from "./dialect.ts";

/** Functions of the AI SDK: the outer span sums up its steps, the inner `.do*` span is the call. */
const FUNCTIONS: Readonly<Record<string, { call: string; role: CallRole }>> = {
  generateText: { call: "doGenerate", role: "inference" },
  streamText: { call: "doStream", role: "inference" },
  generateObject: { call: "doGenerate", role: "inference" },
  streamObject: { call: "doStream", role: "inference" },
  embed: { call: "doEmbed", role: "embedding" },
  embedMany: { call: "doEmbed", role: "embedding" },
  rerank: { call: "doRerank", role: "rerank" },
  generateImage: { call: "doGenerate", role: "image" },
  generateSpeech: { call: "doGenerate", role: "audio" },
  transcribe: { call: "doGenerate", role: "audio" },
};

const operations: Record<string, CallRole> = { "ai.toolCall": "tool" };
for (const [name, { call, role: callRole }] of Object.entries(FUNCTIONS)) {
  operations[`ai.${name}`] = "chain";
  operations[`ai.${name}.${call}`] = callRole;
}

/**
 * Vercel AI SDK: `ai.*` (versions 4 to 6, and 7 with the legacy integration) and OTel names (7). The raw
 * usage inside `ai.response.providerMetadata` tells what version 5 leaves open: of Anthropic, whether the input
 * has the cached tokens; of Google, the thoughts, which its output does not have.
 */
export const VERCEL_AI: Dialect = {
  name: "vercel-ai",
  signs: { attributes: ["ai.*"], scopes: ["ai", "gen_ai"] },
  fields: [
    role("ai.operationId", operations),
    kept(text("provider", "ai.model.provider")),
    text("request_model", "ai.model.id"),
    text("response_model", "ai.response.model"),
    text("response_id", "ai.response.id"),
    ofKind("text_list", "finish_reasons", "ai.response.finishReason"),
    tokens("input", "ai.usage.inputTokens", "ai.usage.promptTokens", "ai.usage.tokens"),
    tokens("inputUncached", "ai.usage.inputTokenDetails.noCacheTokens"),
    tokens("output", "ai.usage.outputTokens", "ai.usage.completionTokens"),
    tokens("outputText", "ai.usage.outputTokenDetails.textTokens"),
    tokens("total", "ai.usage.totalTokens"),
    tokens("cacheRead", "ai.usage.inputTokenDetails.cacheReadTokens", "ai.usage.cachedInputTokens"),
    tokens("cacheWrite", "ai.usage.inputTokenDetails.cacheWriteTokens"),
    tokens("reasoning", "ai.usage.outputTokenDetails.reasoningTokens", "ai.usage.reasoningTokens"),
    json(
      "ai.response.providerMetadata",
      count("inputUncached", "anthropic", "usage", "input_tokens"),
      count("cacheRead", "anthropic", "usage", "cache_read_input_tokens"),
      count("cacheRead", "anthropic", "cacheReadInputTokens"),
      count("cacheWrite", "anthropic", "usage", "cache_creation_input_tokens"),
      count("cacheWrite", "anthropic", "cacheCreationInputTokens"),
      count("cacheWrite5m", "anthropic", "usage", "cache_creation", "ephemeral_5m_input_tokens"),
      count("cacheWrite1h", "anthropic", "usage", "cache_creation", "ephemeral_1h_input_tokens"),
      count("webSearches", "anthropic", "usage", "server_tool_use", "web_search_requests"),
      count("cacheRead", "bedrock", "usage", "cacheReadInputTokens"),
      count("cacheWrite", "bedrock", "usage", "cacheWriteInputTokens"),
      count("cacheRead", "openai", "cachedPromptTokens"),
      count("reasoning", "openai", "reasoningTokens"),
      ...["google", "vertex"].flatMap((provider) => [
        providerUsage(provider, "usageMetadata"),
        count("total", provider, "usageMetadata", "totalTokenCount"),
        count("toolUsePrompt", provider, "usageMetadata", "toolUsePromptTokenCount"),
      ]),
      { field: "service_tier", kind: "text", path: ["anthropic", "usage", "service_tier"] },
      { field: "client_cost_nano_usd", kind: "dollars", path: ["openrouter", "usage", "cost"] },
    ),
    ofKind("seconds", "ttft_ns", "gen_ai.client.operation.time_to_first_chunk"),
    ofKind("milliseconds", "ttft_ns", "ai.response.msToFirstChunk", "ai.stream.msToFirstChunk"),
    text("user_id", "ai.telemetry.metadata.userId", "ai.settings.context.userId"),
    text("session_id", "ai.telemetry.metadata.sessionId", "ai.settings.context.sessionId"),
    text("feature", "ai.telemetry.functionId"),
    text("tool_name", "ai.toolCall.name"),
    text("tool_call_id", "ai.toolCall.id"),
    ofKind("content", "input_messages", "ai.prompt.messages", "ai.prompt"),
    ofKind("content", "output_messages", "ai.response.text", "ai.response.object"),
  ],
};
