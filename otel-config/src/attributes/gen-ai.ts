/**
 * GenAI attribute names that LensAI reads, by generation of the OpenTelemetry GenAI semantic
 * conventions. The names are kept here because the published constants are frozen at generation 2
 * and marked as moved.
 *
 * 1: semantic-conventions up to v1.36 (`gen_ai.system`, prompts as attributes or events)
 * 2: v1.37 to v1.41.1 (`gen_ai.provider.name`, messages as structured attributes)
 * 3: the separate semantic-conventions-genai repository (`cache_write`, usage per modality)
 */
export const GEN_AI = {
  operationName: "gen_ai.operation.name",
  providerName: "gen_ai.provider.name",
  system: "gen_ai.system",
  requestModel: "gen_ai.request.model",
  responseModel: "gen_ai.response.model",
  responseId: "gen_ai.response.id",
  finishReasons: "gen_ai.response.finish_reasons",
  requestStream: "gen_ai.request.stream",
  timeToFirstChunkSeconds: "gen_ai.response.time_to_first_chunk",
  conversationId: "gen_ai.conversation.id",
  promptName: "gen_ai.prompt.name",
  promptVersion: "gen_ai.prompt.version",
  agentName: "gen_ai.agent.name",
  toolName: "gen_ai.tool.name",
  toolCallId: "gen_ai.tool.call.id",
  inputMessages: "gen_ai.input.messages",
  outputMessages: "gen_ai.output.messages",
  systemInstructions: "gen_ai.system_instructions",
  toolDefinitions: "gen_ai.tool.definitions",
  /** Generation 1, up to v1.27: the whole prompt or completion in one attribute. */
  prompt: "gen_ai.prompt",
  completion: "gen_ai.completion",
  usage: {
    inputTokens: "gen_ai.usage.input_tokens",
    outputTokens: "gen_ai.usage.output_tokens",
    /** Generation 1, up to v1.26. */
    promptTokens: "gen_ai.usage.prompt_tokens",
    completionTokens: "gen_ai.usage.completion_tokens",
    cacheReadInputTokens: "gen_ai.usage.cache_read.input_tokens",
    /** Generation 3. */
    cacheWriteInputTokens: "gen_ai.usage.cache_write.input_tokens",
    /** Generation 2 (v1.40). */
    cacheCreationInputTokens: "gen_ai.usage.cache_creation.input_tokens",
    reasoningOutputTokens: "gen_ai.usage.reasoning.output_tokens",
    audioInputTokens: "gen_ai.usage.audio.input_tokens",
    audioOutputTokens: "gen_ai.usage.audio.output_tokens",
    imageInputTokens: "gen_ai.usage.image.input_tokens",
    imageOutputTokens: "gen_ai.usage.image.output_tokens",
  },
  anthropic: {
    responseServiceTier: "anthropic.response.service_tier",
    /** As Anthropic's own SDK writes them: the conventions do not tell the times to live apart. */
    cacheWrite5mInputTokens: "anthropic.usage.cache_creation.ephemeral_5m_input_tokens",
    cacheWrite1hInputTokens: "anthropic.usage.cache_creation.ephemeral_1h_input_tokens",
  },
  openai: {
    apiType: "openai.api.type",
    systemFingerprint: "openai.response.system_fingerprint",
    responseServiceTier: "openai.response.service_tier",
    requestServiceTier: "openai.request.service_tier",
    /** Generation 1 spellings. */
    legacyResponseServiceTier: "gen_ai.openai.response.service_tier",
    legacyRequestServiceTier: "gen_ai.openai.request.service_tier",
  },
} as const;
