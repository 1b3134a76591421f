import type { WireApi } from "../wire-api.ts";

/** OpenAI's APIs, which most other providers copy. */

const SAMPLING = {
  "gen_ai.request.temperature": ["temperature"],
  "gen_ai.request.top_p": ["top_p"],
  "openai.request.service_tier": ["service_tier"],
};

export const OPENAI_CHAT: WireApi = {
  name: "openai.chat",
  operation: "chat",
  provider: "openai",
  // Azure has the model, there called deployment, in the path.
  path: /(?:\/deployments\/(?<model>[^/]+))?\/chat\/completions$/,
  shape: [["messages"], ["model"]],
  usage: "openai.chat",
  request: {
    model: ["model"],
    stream: ["stream"],
    attributes: {
      ...SAMPLING,
      "gen_ai.request.max_tokens": ["max_completion_tokens", "max_tokens"],
      "gen_ai.request.frequency_penalty": ["frequency_penalty"],
      "gen_ai.request.presence_penalty": ["presence_penalty"],
      "gen_ai.request.seed": ["seed"],
      "gen_ai.request.choice.count": ["n"],
      "gen_ai.request.reasoning.level": ["reasoning_effort"],
    },
  },
  response: {
    id: ["id"],
    model: ["model"],
    serviceTier: ["service_tier"],
    systemFingerprint: ["system_fingerprint"],
    finishReasons: { list: "choices", at: ["finish_reason"] },
    outputText: [
      "choices[].delta.content",
      "choices[].delta.reasoning_content",
      "choices[].delta.tool_calls[].function.arguments",
    ],
    errorType: ["error.code", "error.type"],
    // OpenRouter, and Perplexity.
    costUsd: ["usage.cost", "usage.cost.total_cost"],
  },
  hasStreamUsageOption: true,
};

/** The older API with a prompt instead of messages; Mistral completes code with a copy of it. */
export const OPENAI_COMPLETIONS: WireApi = {
  ...OPENAI_CHAT,
  name: "openai.completions",
  operation: "text_completion",
  path: /(?:\/deployments\/(?<model>[^/]+))?(?<!\/chat)\/completions$/,
  shape: [["prompt"], ["model"]],
  response: { ...OPENAI_CHAT.response, outputText: ["choices[].text", "choices[].delta.content"] },
};

/** Mistral's models as Vertex AI serves them: the usage of their streams comes unasked. */
export const VERTEX_MISTRAL: WireApi = {
  ...OPENAI_CHAT,
  name: "mistral.vertex",
  provider: "gcp.vertex_ai",
  path: /\/publishers\/mistralai\/models\/(?<model>[^/:]+):(?:rawPredict|(?<stream>streamRawPredict))$/,
  hasStreamUsageOption: false,
};

export const OPENAI_RESPONSES: WireApi = {
  name: "openai.responses",
  operation: "chat",
  provider: "openai",
  path: /\/responses$/,
  shape: [["input", "prompt", "conversation", "previous_response_id"], ["model"]],
  usage: "openai.responses",
  request: {
    model: ["model"],
    stream: ["stream"],
    attributes: {
      ...SAMPLING,
      "gen_ai.request.max_tokens": ["max_output_tokens"],
      "gen_ai.request.reasoning.level": ["reasoning.effort"],
      "gen_ai.request.previous_response.id": ["previous_response_id"],
    },
  },
  response: {
    id: ["response.id", "id"],
    model: ["response.model", "model"],
    serviceTier: ["response.service_tier", "service_tier"],
    finishReasons: {
      at: [
        "response.incomplete_details.reason",
        "incomplete_details.reason",
        "response.status",
        "status",
      ],
    },
    outputText: ["delta"],
    errorType: ["response.error.code", "error.code", "error.type"],
  },
};

export const OPENAI_EMBEDDINGS: WireApi = {
  name: "openai.embeddings",
  operation: "embeddings",
  provider: "openai",
  path: /(?:\/deployments\/(?<model>[^/]+))?\/embeddings$/,
  shape: [["input"], ["model"]],
  usage: "openai.embeddings",
  request: {
    model: ["model"],
    attributes: {
      "gen_ai.embeddings.dimension.count": ["dimensions"],
      "gen_ai.request.encoding_formats": ["encoding_format"],
    },
  },
  // Only Mistral's copy has an id.
  response: { id: ["id"], model: ["model"] },
};
