import { GEN_AI } from "../attributes/gen-ai.ts";
import { LENSAI } from "../attributes/lensai.ts";
import { kept, ofKind, role, text, tokens } from "./dialect.ts";
import type { Dialect, ResourceRule } from "./dialect.ts";
import { USAGE_SPELLINGS } from "./usage-spellings.ts";

/**
 * The OpenTelemetry GenAI conventions, all three generations: newest name first. One span may mix
 * generations (published instrumentations do), so precedence is per field, not per span.
 */

const { usage, anthropic, openai } = GEN_AI;

export const OTEL_GEN_AI: Dialect = {
  name: "otel-gen-ai",
  signs: { attributes: ["gen_ai.*"], names: ["gen_ai.*"] },
  records: [{ name: "gen_ai.client.inference.operation.details", role: "inference" }],
  fields: [
    text("error_type", "error.type"),
    text("operation", GEN_AI.operationName),
    kept(ofKind("from_cache", "", LENSAI.answerFromCache)),
    // The older word of Alibaba's conventions, and that of Future AGI's.
    {
      ...role("gen_ai.span.kind", {
        LLM: "inference",
        EMBEDDING: "embedding",
        RERANKER: "rerank",
        TOOL: "tool",
        RETRIEVER: "retrieval",
        AGENT: "agent",
        CHAIN: "chain",
        TASK: "step",
        STEP: "step",
      }),
      isFallback: true,
    },
    // Kept as sent: the column holds the canonical spelling.
    kept(
      text(
        "provider",
        GEN_AI.providerName,
        GEN_AI.system,
        // Cloudflare's AI Gateway.
        "gen_ai.model.provider",
      ),
    ),
    text("request_model", GEN_AI.requestModel),
    text("response_model", GEN_AI.responseModel),
    text("response_id", GEN_AI.responseId),
    ofKind("text_list", "finish_reasons", GEN_AI.finishReasons),
    ofKind("boolean", "streaming", GEN_AI.requestStream),
    ofKind("seconds", "ttft_ns", GEN_AI.timeToFirstChunkSeconds),
    text(
      "service_tier",
      openai.responseServiceTier,
      openai.legacyResponseServiceTier,
      anthropic.responseServiceTier,
      openai.requestServiceTier,
      openai.legacyRequestServiceTier,
    ),
    tokens("input", usage.inputTokens, usage.promptTokens),
    tokens("output", usage.outputTokens, usage.completionTokens),
    tokens("outputEstimate", LENSAI.usageEstimatedOutputTokens),
    tokens("cacheRead", usage.cacheReadInputTokens),
    tokens("cacheWrite", usage.cacheWriteInputTokens, usage.cacheCreationInputTokens),
    // The Anthropic SDK's own spans: the conventions have no name for the time to live.
    tokens("cacheWrite5m", anthropic.cacheWrite5mInputTokens),
    tokens("cacheWrite1h", anthropic.cacheWrite1hInputTokens),
    tokens("reasoning", usage.reasoningOutputTokens),
    tokens("audioInput", usage.audioInputTokens),
    tokens("audioOutput", usage.audioOutputTokens),
    tokens("imageInput", usage.imageInputTokens),
    tokens("imageOutput", usage.imageOutputTokens),
    ...USAGE_SPELLINGS,
    tokens("observedInput", LENSAI.usageInputTokens),
    tokens("observedOutput", LENSAI.usageOutputTokens),
    tokens("webSearches", LENSAI.usageWebSearches),
    ofKind("dollars", "client_cost_nano_usd", LENSAI.usageCostUsd),
    kept(ofKind("http_status", "", "http.response.status_code", "http.status_code")),
    text("user_id", "user.id", "enduser.id", "gen_ai.user.id"),
    text("session_id", GEN_AI.conversationId, "session.id", "gen_ai.session.id"),
    text("tenant", LENSAI.tenant, "tenant.id"),
    text("team", LENSAI.team, "team.id"),
    text("feature", LENSAI.feature),
    text("route", LENSAI.route, "http.route"),
    text("prompt_name", GEN_AI.promptName),
    text("prompt_version", GEN_AI.promptVersion),
    text("agent_name", GEN_AI.agentName),
    text("tool_name", GEN_AI.toolName),
    text("tool_call_id", GEN_AI.toolCallId),
    text("budget_decision", LENSAI.budgetDecision),
    text("lease_id", LENSAI.budgetLeaseId),
    ofKind("integer", "charged_nano_usd", LENSAI.budgetChargedNanoUsd),
    ofKind("content", "input_messages", GEN_AI.inputMessages, GEN_AI.prompt),
    ofKind("content", "output_messages", GEN_AI.outputMessages, GEN_AI.completion),
    ofKind("content", "system_instructions", GEN_AI.systemInstructions),
    ofKind("content", "tool_definitions", GEN_AI.toolDefinitions),
  ],
};

/** Resource attributes that fill columns; a tenant or team on the span wins over the resource. */
export const RESOURCE_FIELDS: readonly ResourceRule[] = [
  { field: "service_name", names: ["service.name"] },
  { field: "environment", names: ["deployment.environment.name", "deployment.environment"] },
  { field: "instance_id", names: ["service.instance.id"] },
  { field: "tenant", names: [LENSAI.tenant, "tenant.id"] },
  { field: "team", names: [LENSAI.team, "team.id"] },
];
