import type { WireApi } from "../wire-api.ts";

/** Bedrock's own API, the same for all of its models. */
export const BEDROCK_CONVERSE: WireApi = {
  name: "aws.bedrock.converse",
  operation: "chat",
  provider: "aws.bedrock",
  path: /\/model\/(?<model>[^/]+)\/converse(?<stream>-stream)?$/,
  shape: [["messages"]],
  usage: "aws.bedrock.converse",
  request: {
    attributes: {
      "gen_ai.request.max_tokens": ["inferenceConfig.maxTokens"],
      "gen_ai.request.temperature": ["inferenceConfig.temperature"],
      "gen_ai.request.top_p": ["inferenceConfig.topP"],
      "gen_ai.request.stop_sequences": ["inferenceConfig.stopSequences"],
    },
  },
  response: {
    // The messages of a stream are under the name of their type.
    finishReasons: { at: ["messageStop.stopReason", "stopReason"] },
    serviceTier: ["metadata.serviceTier.type", "serviceTier.type"],
    outputText: [
      "contentBlockDelta.delta.text",
      "contentBlockDelta.delta.toolUse.input",
      "contentBlockDelta.delta.reasoningContent.text",
    ],
  },
};

/** Where the counts are for models whose bodies have none. */
const usageHeaders = {
  input: "x-amzn-bedrock-input-token-count",
  output: "x-amzn-bedrock-output-token-count",
};

/**
 * InvokeModel takes the body of the model's own provider. A model may go by a name that does not tell whose
 * it is (an inference profile), so that one table has the places of all: Anthropic, Nova, Titan, Llama,
 * Mistral, Cohere, AI21, and those with OpenAI's API.
 */
export const BEDROCK_INVOKE: WireApi = {
  name: "aws.bedrock.invoke",
  operation: "chat",
  provider: "aws.bedrock",
  path: /\/model\/(?<model>[^/]+)\/invoke(?<stream>-with-response-stream)?$/,
  shape: [["messages", "prompt", "inputText", "message"]],
  usage: "aws.bedrock.invoke",
  request: {
    attributes: {
      "gen_ai.request.max_tokens": [
        "max_tokens",
        "max_completion_tokens",
        "inferenceConfig.maxTokens",
        "inferenceConfig.max_new_tokens",
        "textGenerationConfig.maxTokenCount",
        "max_gen_len",
      ],
      "gen_ai.request.temperature": [
        "temperature",
        "inferenceConfig.temperature",
        "textGenerationConfig.temperature",
      ],
      "gen_ai.request.top_p": [
        "top_p",
        "p",
        "inferenceConfig.topP",
        "inferenceConfig.top_p",
        "textGenerationConfig.topP",
      ],
      "gen_ai.request.top_k": ["top_k", "k", "inferenceConfig.topK", "inferenceConfig.top_k"],
      "gen_ai.request.stop_sequences": [
        "stop_sequences",
        "stop",
        "inferenceConfig.stopSequences",
        "textGenerationConfig.stopSequences",
      ],
    },
  },
  response: {
    id: ["message.id", "id", "generation_id"],
    model: ["message.model", "model"],
    serviceTier: ["message.usage.service_tier", "usage.service_tier"],
    finishReasons: {
      at: [
        "delta.stop_reason",
        "stop_reason",
        "messageStop.stopReason",
        "stopReason",
        "choices[].finish_reason",
        "choices[].stop_reason",
        "outputs[].stop_reason",
        "generations[].finish_reason",
        "results[].completionReason",
        "completionReason",
        "finish_reason",
      ],
    },
    outputText: [
      "delta.text",
      "delta.thinking",
      "delta.partial_json",
      "contentBlockDelta.delta.text",
      "choices[].delta.content",
      "outputs[].text",
      "generation",
      "outputText",
      "text",
    ],
    errorType: ["error.type"],
    usageHeaders,
  },
};

export const BEDROCK_INVOKE_EMBEDDINGS: WireApi = {
  ...BEDROCK_INVOKE,
  name: "aws.bedrock.invoke.embeddings",
  operation: "embeddings",
  path: /\/model\/(?<model>[^/]*[.-]embed[^/]*)\/invoke$/,
  shape: [["inputText", "texts", "inputImage", "images", "inputs", "taskType"]],
  request: {
    attributes: { "gen_ai.embeddings.dimension.count": ["dimensions", "output_dimension"] },
  },
  response: { id: ["id"], usageHeaders },
};

export const BEDROCK_INVOKE_RERANK: WireApi = {
  ...BEDROCK_INVOKE_EMBEDDINGS,
  name: "aws.bedrock.invoke.rerank",
  operation: "rerank",
  path: /\/model\/(?<model>[^/]*[.-]rerank[^/]*)\/invoke$/,
  shape: [["query"], ["documents"]],
  request: { attributes: {} },
};

export const BEDROCK_INVOKE_IMAGES: WireApi = {
  ...BEDROCK_INVOKE_RERANK,
  name: "aws.bedrock.invoke.images",
  operation: "image_generation",
  path: /\/model\/(?<model>[^/]*(?:[.-]image|canvas|stable|stability)[^/]*)\/invoke$/,
  shape: [["taskType", "prompt", "image", "text_prompts"]],
};
