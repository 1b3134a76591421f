import { GEN_AI } from "../attributes/gen-ai.ts";
import { LENSAI } from "../attributes/lensai.ts";
import type { FieldKind, FieldRule, RawUsageField, ResourceRule } from "./dialect.ts";

/**
 * The OpenTelemetry GenAI conventions, all three generations: newest name first. One span may mix
 * generations (published instrumentations do), so precedence is per field, not per span.
 */

const { usage, openai } = GEN_AI;

const field = (name: string, kind: FieldKind, names: readonly string[]): FieldRule => ({
  field: name,
  kind,
  names,
  keep: false,
});
const tokens = (name: RawUsageField, names: readonly string[]): FieldRule => ({
  field: name,
  kind: "tokens",
  names,
  keep: true,
});

export const OTEL_GEN_AI_DIALECT = "otel-gen-ai";

/** A record speaks this dialect when it has an attribute with one of these prefixes. */
export const OTEL_GEN_AI_PREFIX = "gen_ai.";

export const OTEL_GEN_AI_FIELDS: readonly FieldRule[] = [
  field("error_type", "text", ["error.type"]),
  field("operation", "text", [GEN_AI.operationName]),
  // Kept as sent: the column holds the canonical spelling.
  { ...field("provider", "text", [GEN_AI.providerName, GEN_AI.system]), keep: true },
  field("request_model", "text", [GEN_AI.requestModel]),
  field("response_model", "text", [GEN_AI.responseModel]),
  field("response_id", "text", [GEN_AI.responseId]),
  field("finish_reasons", "text_list", [GEN_AI.finishReasons]),
  field("streaming", "boolean", [GEN_AI.requestStream]),
  field("ttft_ns", "seconds", [GEN_AI.timeToFirstChunkSeconds]),
  field("service_tier", "text", [
    openai.responseServiceTier,
    openai.legacyResponseServiceTier,
    openai.requestServiceTier,
    openai.legacyRequestServiceTier,
  ]),
  tokens("input", [usage.inputTokens, usage.promptTokens]),
  tokens("output", [usage.outputTokens, usage.completionTokens]),
  tokens("cacheRead", [usage.cacheReadInputTokens]),
  tokens("cacheWrite", [usage.cacheWriteInputTokens, usage.cacheCreationInputTokens]),
  tokens("reasoning", [usage.reasoningOutputTokens]),
  tokens("audioInput", [usage.audioInputTokens]),
  tokens("audioOutput", [usage.audioOutputTokens]),
  tokens("imageInput", [usage.imageInputTokens]),
  tokens("imageOutput", [usage.imageOutputTokens]),
  field("user_id", "text", ["user.id", "enduser.id"]),
  field("session_id", "text", [GEN_AI.conversationId, "session.id"]),
  field("tenant", "text", [LENSAI.tenant, "tenant.id"]),
  field("team", "text", [LENSAI.team, "team.id"]),
  field("feature", "text", [LENSAI.feature]),
  field("route", "text", [LENSAI.route, "http.route"]),
  field("prompt_name", "text", [GEN_AI.promptName]),
  field("prompt_version", "text", [GEN_AI.promptVersion]),
  field("agent_name", "text", [GEN_AI.agentName]),
  field("tool_name", "text", [GEN_AI.toolName]),
  field("tool_call_id", "text", [GEN_AI.toolCallId]),
  field("budget_decision", "text", [LENSAI.budgetDecision]),
  field("lease_id", "text", [LENSAI.budgetLeaseId]),
  field("input_messages", "content", [GEN_AI.inputMessages, GEN_AI.prompt]),
  field("output_messages", "content", [GEN_AI.outputMessages, GEN_AI.completion]),
  field("system_instructions", "content", [GEN_AI.systemInstructions]),
  field("tool_definitions", "content", [GEN_AI.toolDefinitions]),
];

/** Resource attributes that fill columns; a tenant or team on the span wins over the resource. */
export const RESOURCE_FIELDS: readonly ResourceRule[] = [
  { field: "service_name", names: ["service.name"] },
  { field: "environment", names: ["deployment.environment.name", "deployment.environment"] },
  { field: "instance_id", names: ["service.instance.id"] },
  { field: "tenant", names: [LENSAI.tenant, "tenant.id"] },
  { field: "team", names: [LENSAI.team, "team.id"] },
];
