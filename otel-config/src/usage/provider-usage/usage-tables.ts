import type { UsageFieldRule, UsagePath, UsageTable } from "./usage-table.ts";

/** The usage objects of provider APIs, one table per API. */

const at = (...names: readonly UsagePath[]): UsageFieldRule => ({ names });

/**
 * Chat completions, by OpenAI and by everybody who copied the API. The copies differ in where they put
 * cached tokens: beside the totals, or in the details.
 */
const OPENAI_CHAT: UsageTable = {
  api: "openai.chat",
  // A stream of Groq reports in x_groq.
  roots: ["usage", "x_groq.usage"],
  fields: {
    input: at("prompt_tokens"),
    output: at("completion_tokens"),
    total: at("total_tokens"),
    cacheRead: at(
      "prompt_tokens_details.cached_tokens",
      "prompt_cache_hit_tokens",
      "cached_tokens",
    ),
    cacheWrite: at("prompt_tokens_details.cache_write_tokens"),
    reasoning: at("completion_tokens_details.reasoning_tokens"),
    audioInput: at("prompt_tokens_details.audio_tokens"),
    audioOutput: at("completion_tokens_details.audio_tokens"),
    imageOutput: at("completion_tokens_details.image_tokens"),
  },
  inputConvention: "inclusive",
  outputConvention: "inclusive",
  source: "https://platform.openai.com/docs/api-reference/chat/object",
};

export const USAGE_TABLES: readonly UsageTable[] = [
  OPENAI_CHAT,
  {
    ...OPENAI_CHAT,
    api: "x_ai.chat",
    // completion_tokens leaves the reasoning out, where it is listed in the details.
    outputConvention: "exclusive",
    source: "https://docs.x.ai/docs/models",
  },
  {
    ...OPENAI_CHAT,
    api: "perplexity.chat",
    fields: {
      ...OPENAI_CHAT.fields,
      output: { names: ["completion_tokens"], plus: ["citation_tokens"] },
      reasoning: at("reasoning_tokens"),
      webSearches: at("num_search_queries"),
    },
    outputConvention: "exclusive",
    source: "https://docs.perplexity.ai/api-reference/chat-completions-post",
  },
  {
    api: "openai.responses",
    // The last event of a stream carries the response.
    roots: ["usage", "response.usage"],
    fields: {
      input: at("input_tokens"),
      output: at("output_tokens"),
      total: at("total_tokens"),
      cacheRead: at("input_tokens_details.cached_tokens"),
      cacheWrite: at("input_tokens_details.cache_write_tokens"),
      reasoning: at("output_tokens_details.reasoning_tokens"),
    },
    // The searches that are charged: not each web_search_call of the output is one.
    beside: {
      webSearches: at(
        "tool_usage.web_search.num_requests",
        "response.tool_usage.web_search.num_requests",
      ),
    },
    inputConvention: "inclusive",
    outputConvention: "inclusive",
    source: "https://platform.openai.com/docs/api-reference/responses/object",
  },
  {
    api: "openai.embeddings",
    roots: ["usage"],
    // There is no output: a copy of the API that has only the total has the input.
    fields: { input: at("prompt_tokens", "total_tokens"), total: at("total_tokens") },
    inputConvention: "inclusive",
    outputConvention: "inclusive",
    source: "https://platform.openai.com/docs/api-reference/embeddings/create",
  },
  {
    api: "openai.images",
    roots: ["usage"],
    fields: {
      input: at("input_tokens"),
      output: at("output_tokens"),
      total: at("total_tokens"),
      imageInput: at("input_tokens_details.image_tokens"),
      // Without details, an image API puts out images.
      imageOutput: at("output_tokens_details.image_tokens", "output_tokens"),
    },
    inputConvention: "inclusive",
    outputConvention: "inclusive",
    source: "https://platform.openai.com/docs/api-reference/images/object",
  },
  {
    api: "openai.transcriptions",
    // Models that are charged by the second say how many, and no tokens.
    roots: ["usage"],
    fields: {
      input: at("input_tokens", "prompt_tokens"),
      output: at("output_tokens", "completion_tokens"),
      total: at("total_tokens"),
      audioInput: at("input_token_details.audio_tokens", "input_tokens_details.audio_tokens"),
    },
    inputConvention: "inclusive",
    outputConvention: "inclusive",
    source: "https://platform.openai.com/docs/api-reference/audio/json-object",
  },
  {
    api: "openai.speech",
    roots: ["usage"],
    fields: {
      input: at("input_tokens"),
      output: at("output_tokens"),
      total: at("total_tokens"),
      // What it puts out is sound.
      audioOutput: at("output_token_details.audio_tokens", "output_tokens"),
    },
    inputConvention: "inclusive",
    outputConvention: "inclusive",
    source: "https://platform.openai.com/docs/api-reference/audio/speech-audio-done-event",
  },
  {
    api: "openai.realtime",
    roots: ["response.usage", "usage"],
    fields: {
      input: at("input_tokens"),
      output: at("output_tokens"),
      total: at("total_tokens"),
      cacheRead: at("input_token_details.cached_tokens"),
      audioInput: {
        names: ["input_token_details.audio_tokens"],
        minus: ["input_token_details.cached_tokens_details.audio_tokens"],
      },
      imageInput: {
        names: ["input_token_details.image_tokens"],
        minus: ["input_token_details.cached_tokens_details.image_tokens"],
      },
      audioOutput: at("output_token_details.audio_tokens"),
    },
    inputConvention: "inclusive",
    outputConvention: "inclusive",
    source: "https://platform.openai.com/docs/api-reference/realtime-server-events/response/done",
  },
  {
    api: "anthropic.messages",
    // The first event of a stream carries the message, the last one its own usage.
    roots: ["usage", "message.usage"],
    fields: {
      input: at("input_tokens"),
      output: at("output_tokens"),
      cacheRead: at("cache_read_input_tokens"),
      cacheWrite: at("cache_creation_input_tokens"),
      cacheWrite5m: at("cache_creation.ephemeral_5m_input_tokens"),
      cacheWrite1h: at("cache_creation.ephemeral_1h_input_tokens"),
      reasoning: at("output_tokens_details.thinking_tokens"),
      webSearches: at("server_tool_use.web_search_requests"),
    },
    inputConvention: "exclusive",
    outputConvention: "inclusive",
    source: "https://platform.claude.com/docs/en/api/messages",
  },
  {
    api: "aws.bedrock.converse",
    roots: ["usage", "metadata.usage"],
    fields: {
      input: at("inputTokens"),
      output: at("outputTokens"),
      total: at("totalTokens"),
      cacheRead: at("cacheReadInputTokens", "cacheReadInputTokenCount"),
      cacheWrite: at("cacheWriteInputTokens", "cacheWriteInputTokenCount"),
    },
    inputConvention: "exclusive",
    outputConvention: "inclusive",
    source: "https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_TokenUsage.html",
  },
  {
    api: "aws.bedrock.invoke",
    // Every provider of models has its own; at the end of a stream Bedrock adds its metrics to any of them.
    roots: [
      "usage",
      "message.usage",
      "metadata.usage",
      "meta.billed_units",
      "amazon-bedrock-invocationMetrics",
      "",
    ],
    fields: {
      input: at(
        "input_tokens",
        "inputTokens",
        "prompt_tokens",
        "inputTokenCount",
        "prompt_token_count",
        "inputTextTokenCount",
      ),
      output: at(
        "output_tokens",
        "outputTokens",
        "completion_tokens",
        "outputTokenCount",
        "generation_token_count",
        "totalOutputTextTokenCount",
        "results[].tokenCount",
      ),
      total: at("total_tokens", "totalTokens"),
      cacheRead: at("cache_read_input_tokens", "cacheReadInputTokens", "cacheReadInputTokenCount"),
      cacheWrite: at(
        "cache_creation_input_tokens",
        "cacheWriteInputTokens",
        "cacheWriteInputTokenCount",
      ),
      cacheWrite5m: at("cache_creation.ephemeral_5m_input_tokens"),
      cacheWrite1h: at("cache_creation.ephemeral_1h_input_tokens"),
      webSearches: at("search_units"),
    },
    // As Anthropic and Nova count; the others cache nothing here.
    inputConvention: "exclusive",
    outputConvention: "inclusive",
    source: "https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html",
  },
  {
    api: "google.generate_content",
    roots: ["usageMetadata"],
    fields: {
      // Google's SDK of Python prints the names in its own way.
      input: {
        names: ["promptTokenCount", "prompt_token_count"],
        plus: ["toolUsePromptTokenCount", "tool_use_prompt_token_count"],
      },
      output: at("candidatesTokenCount", "responseTokenCount", "candidates_token_count"),
      total: at("totalTokenCount", "total_token_count"),
      cacheRead: at("cachedContentTokenCount", "cached_content_token_count"),
      reasoning: at("thoughtsTokenCount", "thoughts_token_count"),
      audioInput: {
        names: ["promptTokensDetails[AUDIO].tokenCount"],
        plus: ["toolUsePromptTokensDetails[AUDIO].tokenCount"],
        minus: ["cacheTokensDetails[AUDIO].tokenCount"],
      },
      // A document is charged as the images of its pages.
      imageInput: {
        names: ["promptTokensDetails[IMAGE].tokenCount"],
        plus: [
          "promptTokensDetails[DOCUMENT].tokenCount",
          "toolUsePromptTokensDetails[IMAGE].tokenCount",
          "toolUsePromptTokensDetails[DOCUMENT].tokenCount",
        ],
        minus: ["cacheTokensDetails[IMAGE].tokenCount", "cacheTokensDetails[DOCUMENT].tokenCount"],
      },
      audioOutput: at("candidatesTokensDetails[AUDIO].tokenCount"),
      imageOutput: at("candidatesTokensDetails[IMAGE].tokenCount"),
    },
    inputConvention: "inclusive",
    outputConvention: "exclusive",
    source: "https://ai.google.dev/api/generate-content#UsageMetadata",
  },
  {
    api: "google.interactions",
    // Events of a stream name the interaction; before its end they count under their own metadata.
    roots: ["usage", "interaction.usage"],
    fields: {
      input: { names: ["total_input_tokens"], plus: ["total_tool_use_tokens"] },
      output: at("total_output_tokens"),
      total: at("total_tokens"),
      cacheRead: at("total_cached_tokens"),
      reasoning: at("total_thought_tokens"),
      audioInput: {
        names: ["input_tokens_by_modality[audio].tokens"],
        plus: ["tool_use_tokens_by_modality[audio].tokens"],
        minus: ["cached_tokens_by_modality[audio].tokens"],
      },
      // A document is charged as the images of its pages.
      imageInput: {
        names: ["input_tokens_by_modality[image].tokens"],
        plus: [
          "input_tokens_by_modality[document].tokens",
          "tool_use_tokens_by_modality[image].tokens",
          "tool_use_tokens_by_modality[document].tokens",
        ],
        minus: [
          "cached_tokens_by_modality[image].tokens",
          "cached_tokens_by_modality[document].tokens",
        ],
      },
      audioOutput: at("output_tokens_by_modality[audio].tokens"),
      imageOutput: at("output_tokens_by_modality[image].tokens"),
    },
    inputConvention: "inclusive",
    outputConvention: "exclusive",
    source: "https://ai.google.dev/api/interactions-api",
  },
  {
    api: "google.embed_content",
    // Vertex AI's older API counts in each of its answers.
    roots: ["usageMetadata", ""],
    fields: {
      input: at("promptTokenCount", "predictions[].embeddings.statistics.token_count"),
    },
    inputConvention: "inclusive",
    outputConvention: "inclusive",
    source: "https://ai.google.dev/api/embeddings",
  },
  {
    api: "ollama",
    roots: [""],
    fields: { input: at("prompt_eval_count"), output: at("eval_count") },
    inputConvention: "inclusive",
    outputConvention: "inclusive",
    source: "https://docs.ollama.com/api/usage",
  },
  {
    api: "cohere.chat",
    // Cohere counts twice: what the model saw, and what it charges.
    roots: ["usage.billed_units", "meta.billed_units", "delta.usage.billed_units"],
    fields: {
      input: at("input_tokens"),
      output: at("output_tokens"),
      // What reranking is charged by.
      webSearches: at("search_units"),
    },
    inputConvention: "inclusive",
    outputConvention: "inclusive",
    source: "https://docs.cohere.com/reference/chat",
  },
];
